package runtimes

import (
	"fmt"

	"github.com/minicf/minicf/protocol"
)

// All lists the runtimes of 2012, and behind them names of today that ask for no version. The list and everything in
// it is the caller's own.
//
// The manifests also had the paths of one machine: PATH, LD_LIBRARY_PATH, JAVA_HOME, npm. They are left out.
func All() []Runtime {
	return []Runtime{
		ruby("ruby18", "1.8.7", 357),
		ruby("ruby19", "1.9.2", 180),
		ruby("ruby193", "1.9.3", 194),
		node("node", "0.4.12"),
		node("node06", "0.6.8"),
		node("node08", "0.8.2"),
		java("java", "1.6", "Java 6"),
		java("java7", "1.7", "Java 7"),
		{
			Name: "python2", Version: "2.6.5", Description: "Python 2.6.5", Series: "python2", Category: "python",
			Executable: "python", VersionFlag: "--version", VersionOutput: "2.[5-7]",
		},
		{
			Name: "php", Version: "5.3", Description: "PHP 5", Series: "php", Category: "php",
			Executable: "php", VersionFlag: "-vn", VersionOutput: "5.3.[2-6]",
		},
		{
			Name: "erlangR14B01", Version: "R14B01", Description: "Erlang R14B01", Series: "erlangR14B01", Category: "erlang",
			Executable: "erl", VersionFlag: "-version", VersionOutput: "5.8.2",
		},
		today("ruby", "Ruby", "ruby"),
		today("python3", "Python 3", "python3"),
		today("erlang", "Erlang", "erl"),
	}
}

// ruby is a release of Ruby at exactly one patch level, which its version check insists on.
func ruby(name, version string, patch int) Runtime {
	return Runtime{
		Name: name, Version: fmt.Sprintf("%sp%d", version, patch), Description: "Ruby " + version,
		Series: name, Category: "ruby", Executable: "ruby",
		VersionFlag: "-e 'puts RUBY_VERSION'", VersionOutput: version,
		AdditionalChecks: fmt.Sprintf("-e 'puts RUBY_PATCHLEVEL == %d'", patch),
		Environment:      protocol.Vars{"BUNDLE_GEMFILE": ""}, // null in the manifest: exported, and empty
	}
}

// node is a release of Node.js; its debugger listens on the port that the DEA assigns.
func node(name, version string) Runtime {
	return Runtime{
		Name: name, Version: version, Description: "Node.js", Series: name, Category: "node",
		Executable: "node", VersionFlag: "-v", VersionOutput: version,
		DebugEnv: map[string][]string{
			"run":     {`NODE_ARGS="--debug=$VCAP_DEBUG_PORT"`},
			"suspend": {`NODE_ARGS="--debug-brk=$VCAP_DEBUG_PORT"`},
		},
	}
}

func java(name, version, description string) Runtime {
	debug := func(suspend string) []string {
		return []string{`JAVA_OPTS="$JAVA_OPTS -Xdebug -Xrunjdwp:transport=dt_socket,address=$VCAP_DEBUG_PORT,server=y,suspend=` + suspend + `"`}
	}
	return Runtime{
		Name: name, Version: version, Description: description, Series: name, Category: "java",
		Executable: "java", VersionFlag: "-version", VersionOutput: version + ".0",
		DebugEnv: map[string][]string{"run": debug("n"), "suspend": debug("y")},
	}
}

// today is a name that the manifests of 2012 did not have. Without version_output a DEA serves it only if it maps it.
func today(name, description, executable string) Runtime {
	return Runtime{
		Name: name, Description: description + ", the one of this machine", Series: name, Category: familyOf(name),
		Executable: executable,
	}
}
