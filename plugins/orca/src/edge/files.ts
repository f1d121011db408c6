import {join} from 'node:path'

/** The table in force, for the edge's own restart. */
export const tableFile = (home: string): string => join(home, 'engine', 'edge-table.json')

export const logFile = (home: string): string => join(home, 'logs', 'edge.log')

/** Held by the one running edge process of a home. */
export const lockFile = (home: string): string => join(home, 'locks', 'edge.lock')
