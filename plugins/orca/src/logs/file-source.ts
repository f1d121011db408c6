import {dirname} from 'node:path'
import {LogFileReader} from './file-reader.ts'
import type {LineSource, LogFile} from './source.ts'

/** A log file as a source. */
export const fileSource = (file: LogFile): LineSource => ({
  key: file.path,
  replica: file.replica,
  folder: dirname(file.path),
  open: (start) => new LogFileReader(file, start),
})
