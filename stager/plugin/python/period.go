package python

import (
	"strings"

	"github.com/minicf/minicf/stager/plugin"
)

// PipHook is the hook of a startup script of 2012: it installs packages that the framework needs. It needs the network and a
// pip that may install for the user, neither of which a machine of today is sure to have.
func PipHook(packages ...string) string {
	lines := []string{`DIR="$( cd "$( dirname "$0" )" && pwd )"`, `export PYTHONUSERBASE=$DIR/` + Dir}
	for _, p := range packages {
		lines = append(lines, "pip install --user "+p+" >> logs/startup.log 2>&1")
	}
	return strings.Join(lines, "\n")
}

// PipRequirements is the line of such a script that installs what the app itself needs, or none.
func PipRequirements(w *plugin.Workspace) string {
	if !w.HasSource(Requirements) {
		return ""
	}
	return "pip install --user -r " + Requirements + " >> ../logs/startup.log 2>&1\n"
}
