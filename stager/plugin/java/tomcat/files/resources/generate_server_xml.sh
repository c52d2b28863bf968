#!/bin/bash
# generate_server_xml PORT: writes tomcat/conf/server.xml, when the instance starts, because the DEA chooses the port then. It
# listens where the DEA says that the instance is reached (VCAP_APP_HOST), everywhere if it does not say.
case $1 in
  '' | *[!0-9]*) echo "usage: generate_server_xml PORT" >&2; exit 1 ;;
esac
address=
case $VCAP_APP_HOST in
  '' | *[!0-9A-Za-z.:-]*) ;;
  *) address=" address=\"$VCAP_APP_HOST\"" ;;
esac
cat >tomcat/conf/server.xml <<XML
<?xml version="1.0" encoding="UTF-8"?>
<Server port="-1">
  <Service name="Catalina">
    <Connector port="$1"$address protocol="HTTP/1.1" connectionTimeout="20000" URIEncoding="UTF-8"/>
    <Engine name="Catalina" defaultHost="localhost">
      <Host name="localhost" appBase="webapps" unpackWARs="true" autoDeploy="true"/>
    </Engine>
  </Service>
</Server>
XML
