package runtimes

// tomcatFamily is what web applications in Java run in. Debian's packages are those of the libraries alone: the others bring a
// service, which would start at once and take port 8080. There are two, since no Tomcat serves both the applications of before
// 2020 (Tomcat 9) and those of today (10).
func tomcatFamily() Family {
	return Family{
		Name: "tomcat", Purpose: "Java web, Spring, Grails and Lift apps",
		Frameworks:  []string{"java_web", "spring", "grails", "lift"},
		Executables: []string{"bash", "/bin/bash"},
		Version:     []string{"-c", findContainers + `echo "${found:-none}"`},
		Check:       []string{"-c", findContainers + `[ -n "$found" ] || { echo Tomcat or Jetty; exit 1; }`},
		Packages: map[string][]string{
			"apt": {"libtomcat9-java", "libtomcat10-java"}, "dnf": {"tomcat"}, "brew": {"tomcat@9", "tomcat@10"},
		},
	}
}

// findContainers looks where the launcher of package tomcat does, though not as closely.
const findContainers = `found=
for jar in /usr/share/java/tomcat{9,10,11}-catalina.jar /usr/share/tomcat{,9,10,11}/bin/bootstrap.jar \
  {/opt/homebrew,/usr/local}/opt/tomcat{,@9,@10,@11}/libexec/bin/bootstrap.jar /opt/tomcat/bin/bootstrap.jar /usr/share/jetty9/start.jar; do
  [ -r "$jar" ] || continue
  version=${jar##*tomcat} version=${version#@}
  case $jar in
    *jetty*) name="Jetty 9" ;;
    *) name="Tomcat ${version%%[^0-9]*}" ;;
  esac
  case $found in *"$name"*) ;; *) found="$found${found:+, }$name" ;; esac
done
`

// javaTestsFamily is what the end-to-end tests of Java apps need: a compiler, each kind of container, and Spring. Only Debian has
// all of it, where they look.
func javaTestsFamily() Family {
	return Family{
		Name: "java-tests", Purpose: "minicf's own tests", ForTests: true,
		Executables: []string{"bash", "/bin/bash"},
		Version:     []string{"-c", "javac -version"},
		Check: []string{"-c", `missing=
command -v javac >/dev/null || missing=javac
for jar in tomcat9-catalina tomcat10-catalina jetty9-server jetty9-annotations spring3-web.servlet commons-logging; do
  [ -r /usr/share/java/$jar.jar ] || missing="$missing $jar"
done
[ -z "$missing" ] || { echo $missing; exit 1; }`},
		Packages: map[string][]string{"apt": {
			"default-jdk-headless", "libtomcat9-java", "libtomcat10-java", "libjetty9-java", "libjetty9-extra-java",
			"libspring-web-servlet-java", "libcommons-logging-java",
		}, "dnf": {"java-devel", "tomcat"}, "brew": {"openjdk", "tomcat@9", "tomcat@10"}},
	}
}
