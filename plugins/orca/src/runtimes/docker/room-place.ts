import type {Container} from './wire.ts'

/** Where a room is reached. */
export interface RoomPlace {
  readonly isRunning: boolean
  readonly networks: NonNullable<NonNullable<Container['NetworkSettings']>['Networks']>
  readonly ports: NonNullable<NonNullable<Container['NetworkSettings']>['Ports']>
}

const SHARED = /^container:([0-9a-f]+)$/

/** Id of the room of a container, by its network mode. */
export const roomIn = (networkMode: string | null | undefined): string | undefined =>
  SHARED.exec(networkMode ?? '')?.[1]
