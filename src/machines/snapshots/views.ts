import {formatBytes} from '@omni-cli/sdk'
import {itemView, type ListView, listView, type TextLine, type View} from '@omni-cli/sdk/cli'
import {age} from '../../resources/cells.ts'
import type {ListedSnapshot} from './list.ts'
import type {SnapshotGroup} from './manifest.ts'

/** What `omni snapshot` answers: the group, which for one machine has one member. */
export const takenView = (group: SnapshotGroup, isGroup: boolean): View<SnapshotGroup> =>
  itemView({
    data: group,
    ref: group.members.map(({instance, snapshot}) => `snapshot/${instance}/${snapshot}`),
    text: ({name, members}) => [
      ...members.map(({instance}): TextLine => [['✔ ', 'good'], `${instance}  `, [name, 'dim']]),
      ...(isGroup ? [`all of them again: omni snapshot restore ${name}`] : []),
    ],
  })

export const snapshotsView = (snapshots: readonly ListedSnapshot[]): ListView<ListedSnapshot> =>
  listView({
    rows: snapshots,
    ref: ({instance, name}) => `snapshot/${instance}/${name}`,
    empty: 'there are no snapshots',
    columns: [
      {header: 'INSTANCE', value: ({instance}) => instance},
      {header: 'SNAPSHOT', value: ({name}) => name},
      {header: 'AGE', value: ({createdAt}) => age(createdAt), align: 'right'},
      {header: 'EXPIRES', value: ({expiresAt}) => expiresAt},
      {
        header: 'SIZE',
        value: ({sizeBytes}) => (sizeBytes === undefined ? undefined : formatBytes(sizeBytes)),
        align: 'right',
      },
      {header: 'GROUP', value: ({isOfGroup}) => (isOfGroup ? 'yes' : undefined)},
    ],
  })

export const groupsView = (groups: readonly SnapshotGroup[]): ListView<SnapshotGroup> =>
  listView({
    rows: groups,
    ref: ({name}) => `group/${name}`,
    empty: 'there are no groups of snapshots',
    columns: [
      {header: 'GROUP', value: ({name}) => name},
      {header: 'STATUS', value: ({status}) => status, tone: ({status}) => (status === 'complete' ? 'good' : 'warn')},
      {header: 'AGE', value: ({createdAt}) => age(createdAt), align: 'right'},
      {header: 'EXPIRES', value: ({expiresAt}) => expiresAt},
      {header: 'INSTANCES', value: ({members}) => members.map(({instance}) => instance).join(',')},
      {header: 'PROVIDER', value: ({provider}) => provider, wide: true},
    ],
  })

/** What `omni snapshot delete` answers. */
export const removedView = (snapshot: string, instances: readonly string[]): View =>
  itemView({
    data: {snapshot, instances},
    ref: instances.map((instance) => `snapshot/${instance}/${snapshot}`),
    text: () => instances.map((name): TextLine => [['✔ ', 'good'], `${name}  `, [`${snapshot} removed`, 'dim']]),
  })
