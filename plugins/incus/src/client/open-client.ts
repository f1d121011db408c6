import type {DriverContext} from '@omni-cli/sdk'
import type {IncusSettings} from '../config.ts'
import type {IncusClient} from './client.ts'
import {createClient} from './create-client.ts'
import {findServer} from './find-server.ts'
import {openTransport} from './transport.ts'

/** Finds socket or server, certificate and project, and speaks to it. Asks nothing before the first request. */
export async function openClient(context: DriverContext, settings: IncusSettings): Promise<IncusClient> {
  return createClient(openTransport(context, await findServer(context, settings)))
}
