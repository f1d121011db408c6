export {OmniError} from '@omni-cli/sdk'
