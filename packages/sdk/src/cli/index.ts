export * from './command.ts'
export * from './progress.ts'
export * from './session.ts'
export * from './view.ts'
