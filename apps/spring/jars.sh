#!/bin/bash
# Puts Spring into WEB-INF/lib, as a build would. It is Debian's, of the packages libspring-web-servlet-java and
# libcommons-logging-java, which `minicf doctor --install spring` installs. Elsewhere take Spring 4.3 from where your builds get it.
set -e
lib=$(dirname "$0")/WEB-INF/lib from=/usr/share/java
mkdir -p "$lib"
for part in aop beans context core expression web web.servlet; do
  cp "$from/spring3-$part.jar" "$lib/spring-$part.jar" # spring3 is only Debian's name for it
done
cp "$from/commons-logging.jar" "$lib"
