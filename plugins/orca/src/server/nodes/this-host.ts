import {hostname} from 'node:os'

/** Name of this machine: as the environment says, where Orca looks too, else the system's. */
export const thisHost = (env: Readonly<Record<string, string | undefined>> = process.env): string =>
  env.HOSTNAME || env.COMPUTERNAME || hostname()

/** Addresses by which every machine means itself. */
export const LOOPBACK = ['localhost', '127.0.0.1', '::1'] as const
