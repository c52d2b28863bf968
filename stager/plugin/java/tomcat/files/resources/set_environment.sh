#!/bin/bash
# Prints the options by which a Java program learns of the proxies in its environment: HTTP_PROXY, HTTPS_PROXY, NO_PROXY.

# proxy SCHEME URL: URL is [http://][user:password@]host[:port][/]
proxy() {
  local rest=${2#*://}
  rest=${rest%%/*}
  rest=${rest##*@}
  [ -n "$rest" ] || return
  options+=("-D$1.proxyHost=${rest%:*}")
  case $rest in
    *:*) options+=("-D$1.proxyPort=${rest##*:}") ;;
  esac
}

# exceptions LIST: names that are reached directly, separated by commas. Java wants a * where the list means a whole domain.
exceptions() {
  local all= host
  set -f
  for host in ${1//,/ }; do
    case $host in
      '*'* | 127* | localhost*) ;;
      .*) host="*$host" ;;
      *) host="*.$host" ;;
    esac
    all+="${all:+|}$host"
  done
  [ -n "$all" ] || return
  options+=("-Dhttp.nonProxyHosts=$all" "-Dhttps.nonProxyHosts=$all")
}

options=()
proxy http "$HTTP_PROXY"
proxy https "$HTTPS_PROXY"
exceptions "$NO_PROXY"
echo "${options[*]}"
