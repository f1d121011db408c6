import {DatabaseSync} from 'node:sqlite'
import {createSecretStore} from '../../src/server/secrets/secret-store.ts'

// Started by rotation-killed.test.ts with a home; rotates until it is killed, a line each time.
const home = process.argv[2] ?? ''
const database = new DatabaseSync(`${home}/engine/store.db`)
database.exec('PRAGMA journal_mode = WAL')
const store = createSecretStore({database, home})
for (;;) {
  store.rotate()
  process.stdout.write('rotated\n')
}
