import {readFileSync} from 'node:fs'
import {parseTable} from '../edge/control/table-schema.ts'
import {tableFile} from '../edge/files.ts'
import type {EdgeService} from '../edge/table.ts'
import type {Fleet} from './fleet.ts'

/**
 * Targets as the server before had them, for services whose runtime does not answer at the start: what runs there goes on
 * getting its requests.
 */
export function lastTargets(home: string): (service: EdgeService, fleet: Pick<Fleet, 'of'>) => EdgeService {
  const before = readTargets(home)
  return (service, fleet) => {
    const isUnknown = service.targets.length === 0 && fleet.of(service.service).some(({isWaiting}) => isWaiting)
    const targets = isUnknown ? before.get(service.service) : undefined
    return targets === undefined ? service : {...service, targets}
  }
}

function readTargets(home: string): ReadonlyMap<string, EdgeService['targets']> {
  try {
    const {services} = parseTable(JSON.parse(readFileSync(tableFile(home), 'utf8')))
    return new Map(services.map(({service, targets}) => [service, targets]))
  } catch {
    // There is none at the first start, and a damaged one tells nothing.
    return new Map()
  }
}
