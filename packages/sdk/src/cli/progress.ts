/**
 * Steps of a long act, for a person. Shown on stderr: listr2 on a terminal, one line a step elsewhere, JSON lines
 * (`{"step","status","note"}`) with `-o jsonl`, nothing with `--quiet`. The first line is there within 100 ms.
 */
export interface Step {
  /** What is going on right now; replaces the note before. */
  note(text: string): void
  done(text?: string): void
  skip(text: string): void
  fail(text: string): void
}

export interface Progress {
  start(title: string): Step
  /** Runs `work` as one step: done when it resolves, failed (and thrown on) when it rejects. */
  step<T>(title: string, work: (step: Step) => Promise<T>): Promise<T>
  /** Ends the display; the terminal is as it was. Safe to call twice. */
  close(): Promise<void>
}
