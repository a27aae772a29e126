# Completion of tidegauge's command line for bash. Printed by app_tests.

_tidegauge() {
  local cur prev words cword split
  _init_completion -s || return
  case $prev in
    --config) _filedir; return ;;
    --container_monitor.stats_source) COMPREPLY=($(compgen -W 'auto engine kernel' -- "$cur")); return ;;
    --container_monitor.state_directory) _filedir -d; return ;;
    --container_monitor.opt_in) COMPREPLY=($(compgen -W 'true false' -- "$cur")); return ;;
    --pool.tls_ca_file) _filedir; return ;;
    --pool.tls_cert_file) _filedir; return ;;
    --pool.tls_key_file) _filedir; return ;;
    --pool.tls_verify) COMPREPLY=($(compgen -W 'true false' -- "$cur")); return ;;
    --pool.engine_pid_file) _filedir; return ;;
    --pool.balancing) COMPREPLY=($(compgen -W 'lifo round_robin least_used random' -- "$cur")); return ;;
    --web.compression) COMPREPLY=($(compgen -W 'auto always off' -- "$cur")); return ;;
    --web.config_file) _filedir; return ;;
    --web.bearer_token_file) _filedir; return ;;
    --web.enable_lifecycle) COMPREPLY=($(compgen -W 'true false' -- "$cur")); return ;;
    --web.status_page) COMPREPLY=($(compgen -W 'true false' -- "$cur")); return ;;
    --web.show_logs) COMPREPLY=($(compgen -W 'true false' -- "$cur")); return ;;
    --web.show_processes) COMPREPLY=($(compgen -W 'true false' -- "$cur")); return ;;
    --metrics.process) COMPREPLY=($(compgen -W 'true false' -- "$cur")); return ;;
    --metrics.labels) COMPREPLY=($(compgen -W 'cadvisor minimal' -- "$cur")); return ;;
    --path.runtime) _filedir -d; return ;;
    --log.level) COMPREPLY=($(compgen -W 'debug info warn error' -- "$cur")); return ;;
    --log.format) COMPREPLY=($(compgen -W 'logfmt json' -- "$cur")); return ;;
  esac
  $split && return
  COMPREPLY=($(compgen -W '
    --config
    --once
    --check-config
    --print-config
    --healthcheck
    --exits
    --version
    --help
    --container_monitor.interval=
    --container_monitor.peak_interval=
    --container_monitor.max_age=
    --container_monitor.stats_source=
    --container_monitor.filesystem_interval=
    --container_monitor.max_in_flight=
    --container_monitor.ghost_window=
    --container_monitor.counters_kept_for=
    --container_monitor.reconcile_interval=
    --container_monitor.exit_log_lines=
    --container_monitor.state_directory=
    --container_monitor.include=
    --container_monitor.exclude=
    --container_monitor.opt_in=
    --container_monitor.labels=
    --pool.socket_path=
    --pool.tls_ca_file=
    --pool.tls_cert_file=
    --pool.tls_key_file=
    --pool.tls_verify=
    --pool.engine_pid_file=
    --pool.max_connections=
    --pool.min_connections=
    --pool.max_streams=
    --pool.balancing=
    --pool.connection_timeout=
    --pool.health_check_interval=
    --pool.idle_timeout=
    --pool.max_lifetime=
    --pool.leak_threshold=
    --pool.connect_timeout=
    --pool.probe_timeout=
    --pool.list_timeout=
    --pool.call_timeout=
    --web.listen_address=
    --web.socket_mode=
    --web.socket_group=
    --web.max_connections=
    --web.max_requests=
    --web.compression=
    --web.config_file=
    --web.bearer_token_file=
    --web.enable_lifecycle=
    --web.status_page=
    --web.show_logs=
    --web.show_processes=
    --metrics.process=
    --metrics.labels=
    --metrics.enable=
    --metrics.disable=
    --metrics.max_series=
    --metrics.max_page_bytes=
    --metrics.max_label_length=
    --path.procfs=
    --path.sysfs=
    --path.runtime=
    --log.level=
    --log.format=
  ' -- "$cur"))
  [[ ${COMPREPLY-} != *= ]] || compopt -o nospace
} &&
  complete -F _tidegauge tidegauge
