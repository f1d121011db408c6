import {homedir, userInfo} from 'node:os'
import {join} from 'node:path'
import {OmniError} from '@omni-cli/sdk'

export interface UnitOptions {
  /** `user`: for this user's own systemd; `system`: for the machine's, run as this user. */
  readonly scope: 'user' | 'system'
  readonly home: string
  readonly node: string
  readonly program: string
  readonly listen?: string | undefined
  readonly user: string
}

export const UNIT_NAME = 'omni-server.service'

/** Text of the unit. CONFIG_INVALID for a path that a unit cannot hold. */
export function unitText({scope, home, node, program, listen, user}: UnitOptions): string {
  const command = [node, program, '--home', home, ...(listen === undefined ? [] : ['--listen', listen])]
  return [
    '[Unit]',
    'Description=omni server: the engine that runs services',
    ...(scope === 'system' ? ['After=network-online.target', 'Wants=network-online.target'] : []),
    '',
    '[Service]',
    'Type=exec',
    `ExecStart=${command.map(quote).join(' ')}`,
    ...(scope === 'system' ? [`User=${user}`] : []),
    '# Services and the proxy outlive the server: a restart of it must not end them.',
    'KillMode=process',
    'Restart=on-failure',
    'RestartSec=1',
    '# 11: another server has this home already.',
    'RestartPreventExitStatus=11',
    'UMask=0077',
    '',
    '[Install]',
    `WantedBy=${scope === 'system' ? 'multi-user.target' : 'default.target'}`,
    '',
  ].join('\n')
}

/** systemd's own quoting: C-like, and % and $ are special. */
function quote(word: string): string {
  if (/[\r\n\0]/.test(word))
    throw new OmniError('CONFIG_INVALID', `a unit cannot hold the path ${JSON.stringify(word)}`)
  return `"${word.replace(/["\\]/g, '\\$&').replaceAll('%', '%%').replaceAll('$', '$$$$')}"`
}

/** Where the unit belongs. */
export const unitPath = (scope: UnitOptions['scope'], env: Readonly<Record<string, string | undefined>>): string =>
  scope === 'system'
    ? join('/etc/systemd/system', UNIT_NAME)
    : join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'systemd', 'user', UNIT_NAME)

/** What a person types to switch it on; nothing of this is done for them. */
export const enableCommands = (scope: UnitOptions['scope'], user = userInfo().username): readonly string[] =>
  scope === 'system'
    ? ['sudo systemctl daemon-reload', `sudo systemctl enable --now ${UNIT_NAME}`]
    : [
        'systemctl --user daemon-reload',
        `systemctl --user enable --now ${UNIT_NAME}`,
        `loginctl enable-linger ${user}  # to run without a login`,
      ]
