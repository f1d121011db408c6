import {join} from 'node:path'
import {defineProvider} from '@omni-cli/sdk'
import {settings} from '../config.ts'
import {createInstances} from './instances.ts'

export default defineProvider({
  kind: 'instance',
  id: '__name__',
  settings,
  create: (context, {folder}) => createInstances(folder ?? join(context.home, 'state', '__name__')),
})
