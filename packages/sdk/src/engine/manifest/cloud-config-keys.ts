/** Top-level keys that cloud-init knows in a cloud-config, by what they are about. */
export const CLOUD_CONFIG_KEYS: readonly string[] = [
  // people and access
  'user users groups password chpasswd ssh_pwauth disable_root disable_root_opts ssh ssh_keys ssh_authorized_keys',
  'ssh_deletekeys ssh_genkeytypes ssh_quiet_keygen ssh_publish_hostkeys ssh_fp_console_blacklist ssh_key_console_blacklist',
  'ssh_import_id no_ssh_fingerprints authkey_hash byobu_by_default',
  // packages
  'packages package_update package_upgrade package_reboot_if_required apt apt_pipelining apt_update apt_upgrade apk_repos',
  'yum_repos yum_repo_dir zypper snap rh_subscription spacewalk ubuntu_pro ubuntu_advantage updates ca_certs ca-certs',
  // files and commands
  'write_files bootcmd runcmd merge_how merge_type launch-index output final_message phone_home power_state',
  // the system
  'hostname fqdn prefer_fqdn_over_hostname preserve_hostname create_hostname_file manage_etc_hosts locale locale_configfile',
  'timezone keyboard ntp swap mounts mount_default_fields disk_setup fs_setup device_aliases growpart resize_rootfs',
  'random_seed rsyslog syslog_fix_perms drivers fan network manage_resolv_conf resolv_conf wireguard rpi',
  // other tools
  'ansible chef landscape lxd mcollective puppet salt_minion',
  // cloud-init itself
  'cloud_init_modules cloud_config_modules cloud_final_modules unverified_modules datasource datasource_list reporting',
  'disable_ec2_metadata system_info vendor_data vendor_data2 migrate debug version autoinstall',
].flatMap((line) => line.split(' '))
