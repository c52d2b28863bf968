#!/bin/bash
# Runs the web application in webapps/ROOT, as Tomcat's own catalina.sh does, in a servlet container of this machine: the
# droplet has none. `catalina.sh run` becomes the container, `catalina.sh version` says which one that would be.
#
# An application is written against javax.servlet (until 2020) or jakarta.servlet, and no container serves both: Tomcat 9 and
# Jetty 10 are the last of the one kind, Tomcat 10 and Jetty 11 the first of the other. Staging looked which one it is and
# wrote it into setenv.sh; an application that needs neither, one of JSPs alone, runs in any of them.
#
# CATALINA_HOME or JETTY_HOME in the application's environment names the container to try first. Tomcat is the container of
# 2012, so that without either it comes before Jetty.

cd "${0%/*}/.." || exit 1
export CATALINA_BASE=$PWD
SERVLET_API= JVM_OPTIONS=
[ -r bin/setenv.sh ] && . bin/setenv.sh
set -f # options may contain a *
java=${JAVA_HOME:+$JAVA_HOME/bin/}java

# serves FILE: whether this jar, which has a servlet API, has the right one. Names are not compressed in a jar.
serves() { [ -r "$1" ] && { [ -z "$SERVLET_API" ] || grep -qF "$SERVLET_API/servlet/Servlet.class" "$1"; }; }

# jars PATTERN...: the files that there are, as a class path.
jars() {
  local pattern jar IFS=
  set +f
  for pattern; do
    for jar in $pattern; do [ -r "$jar" ] && printf '%s:' "$jar"; done
  done
  set -f
}

# A Tomcat as its makers ship it.
tomcat_home() {
  local home
  for home in "$CATALINA_HOME" /usr/share/tomcat{11,10,9,} {/opt/homebrew,/usr/local}/opt/tomcat{,@11,@10,@9}/libexec /opt/tomcat; do
    serves "$home/lib/servlet-api.jar" && [ -r "$home/bin/bootstrap.jar" ] || continue
    name="Tomcat in $home"
    command=(-Dcatalina.home="$home" -cp "$home/bin/bootstrap.jar:$home/bin/tomcat-juli.jar" org.apache.catalina.startup.Bootstrap start)
    return
  done
  return 1
}

# A Tomcat as Debian's libtomcat*-java has it: its jars, and no service that would start by itself.
tomcat_library() {
  local version dir=/usr/share/java
  for version in 11 10 9; do
    serves "$dir/tomcat$version-servlet-api.jar" && [ -r "$dir/tomcat$version-catalina.jar" ] || continue
    name="Tomcat $version of $dir"
    command=(-Dcatalina.home="$CATALINA_BASE" -cp "$(jars "$dir/tomcat$version-[a-z]*[a-z].jar")$dir/eclipse-jdt-core.jar"
      org.apache.catalina.startup.Bootstrap start)
    return
  done
  return 1
}

# Jetty 9, 10 or 11. It reads conf/jetty.xml, and the drivers for databases from lib/ too.
jetty_home() {
  local home api
  for home in "$JETTY_HOME" /usr/share/jetty9; do
    api=$(jars "$home/lib/*servlet-api*.jar")
    serves "${api%%:*}" || continue
    name="Jetty in $home"
    command=(-Dminicf.port="$port" -Dminicf.host="${host:-0.0.0.0}"
      -cp "$(jars "$home/lib/*.jar" "$home/lib/annotations/*.jar" "$home/lib/apache-jsp/*.jar" "$home/lib/logging/*.jar" "lib/*.jar")"
      org.eclipse.jetty.xml.XmlConfiguration conf/jetty.xml)
    return
  done
  return 1
}

container() {
  if [ -n "$JETTY_HOME" ]; then jetty_home && return; fi
  tomcat_home || tomcat_library || jetty_home && return
  echo "There is no servlet container for ${SERVLET_API:-web} applications on this machine. Install one: minicf doctor --install tomcat" >&2
  return 1
}

# address: of the connector in conf/server.xml, which resources/generate_server_xml wrote a moment ago.
address() {
  [ -r conf/server.xml ] || return
  local xml
  xml=$(<conf/server.xml)
  [[ $xml =~ '<Connector port="'([0-9]+)\" ]] && port=${BASH_REMATCH[1]}
  [[ $xml =~ 'address="'([^\"]+)\" ]] && host=${BASH_REMATCH[1]}
}

# announce PID: writes the file that the DEA waits for (droplet.yaml), once the container answers, and so has started the
# application. In 2012 a listener inside of Tomcat wrote it. OPTIONS * asks the container, not the application.
announce() {
  while kill -0 "$1" 2>/dev/null; do
    if answers 2>/dev/null; then
      printf '{"state":"RUNNING"}\n' >../tomcat.state
      return
    fi
    sleep 0.05
  done
}

answers() (
  exec 3<>"/dev/tcp/${host:-127.0.0.1}/$port" || return
  printf 'OPTIONS * HTTP/1.0\r\n\r\n' >&3
  read -r -t 10 _ status _ <&3 && [ "$status" = 200 ]
)

port= host=
address
container || exit 1
case $1 in
  version) echo "$name" ;;
  run)
    [ -n "$port" ] || { echo "conf/server.xml names no port: did resources/generate_server_xml run?" >&2; exit 1; }
    [ ! -e ../tomcat.state ] || rm ../tomcat.state
    echo "Starting $name"
    (announce $$ &) # by a shell that ends, so that it is nobody's child who does not wait for it
    exec "$java" $JAVA_OPTS $CATALINA_OPTS $JVM_OPTIONS -Djava.io.tmpdir="${TMPDIR:-$CATALINA_BASE/temp}" -Dcatalina.base="$CATALINA_BASE" "${command[@]}"
    ;;
  *) echo "usage: catalina.sh run | version" >&2; exit 2 ;;
esac
