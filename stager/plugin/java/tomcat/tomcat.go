// Package tomcat makes the droplet of a Java web application, for the frameworks java_web, spring, grails and lift.
//
// In goes an exploded war, out comes a droplet with the application in tomcat/webapps/ROOT, a Tomcat around it, and a startup
// script that runs it. In 2012 the Tomcat came with the platform (tomcat.zip), and its configuration was completed when the
// instance started, by Ruby scripts in resources/. Without that archive the droplet has a bin/catalina.sh of ours, which runs the
// application in a container of the machine: files/ has that and everything else that goes into droplets.
//
// The droplet's droplet.yaml names a file that says when the application runs. In 2012 a listener inside of Tomcat wrote it, here
// catalina.sh does. In 2012 all this was the class Tomcat and the JavaWebPlugin of vcap-staging.
package tomcat

import (
	"context"
	"path"
	"strings"

	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/java"
)

// Place implements plugin.Placer for the frameworks: all of the app goes where Tomcat looks for it.
func Place() (from, to string, err error) { return ".", java.WebApp, nil }

// Stage makes the droplet. What a framework changes in the application is done by configure, when everything else is in place
// but the scripts; it may be nil.
func Stage(ctx context.Context, w *plugin.Workspace, configure func() error) error {
	if err := addContainer(ctx, w); err != nil {
		return err
	}
	if !w.Has(path.Join(java.WebApp, java.Descriptor)) {
		return &plugin.StagingError{
			Message: "Web application staging failed: web.xml not found",
			Tip:     "push the content of the war, with WEB-INF/web.xml in it, not a directory around it",
		}
	}
	if err := java.CopyDrivers(ctx, w, "tomcat/lib", path.Join(java.WebApp, "WEB-INF/lib")); err != nil {
		return err
	}
	if err := addInsight(ctx, w); err != nil {
		return err
	}
	if configure != nil {
		if err := configure(); err != nil {
			return err
		}
	}
	if err := w.WriteStartup(func() (plugin.Script, error) { return script(w), nil }); err != nil {
		return err
	}
	return w.WriteStop(w.StopText())
}

// hook runs before Tomcat: it asks for proxies and writes server.xml for the port that startup is given. RUN stands for what
// runs a script of resources/.
const hook = `export CATALINA_OPTS="$CATALINA_OPTS ` + "`RUN resources/set_environment`" + `"
env > env.log
PORT=-1
while getopts ":p:" opt; do
  case $opt in
    p)
      PORT=$OPTARG
      ;;
  esac
done
if [ $PORT -lt 0 ] ; then
  echo "Missing or invalid port (-p)"
  exit 1
fi
RUN resources/generate_server_xml $PORT
`

// script is the startup script. That of today differs in what the virtual machine is told, and in that its machine need not have
// Ruby. The directory for temporary files, whose name may have a space in it, is told by catalina.sh then (bug Q13).
func script(w *plugin.Workspace) plugin.Script {
	s := plugin.Script{Dir: "tomcat", Command: "./bin/catalina.sh run"}
	options := java.MemoryOptions(w)
	if w.Modern() {
		s.Hook = strings.NewReplacer("set_environment", "set_environment.sh", "generate_server_xml", "generate_server_xml.sh", "RUN", "bash").Replace(hook)
	} else {
		s.Hook = strings.ReplaceAll(hook, "RUN", "ruby")
		options += " -Djava.io.tmpdir=$PWD/tmp"
	}
	s.Env = map[string]string{"CATALINA_OPTS": options}
	return s
}
