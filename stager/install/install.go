// Package install is what the installers of packages share: those of npm modules and wheels keep what they installed in a
// [Cache], and tell with [Failure] why they could not.
//
// Each installer is a package below this one. It implements an interface of package plugin, owns the tool of its language (npm,
// pip) and runs it in the workspace that it is given, so that a plugin itself needs neither programs nor the network.
package install

import (
	"os"
	"slices"
	"strings"

	"github.com/minicf/minicf/runtimes"
	"github.com/minicf/minicf/stager/plugin"
)

// NetworkEnv is the part of this process's environment that says how the network is reached: proxies and certificates. The
// stager of 2012 handed the proxies on, too; nothing else of its environment is the tools' business.
func NetworkEnv() []string {
	var env []string
	for _, name := range []string{
		"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
		"SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS",
	} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// Failure words that a tool failed: what could not be done, and the tool's own last words.
func Failure(what string, output []byte, err error) string {
	said := plugin.LastLines(output, err)
	if strings.TrimSpace(string(output)) == "" {
		return what + ": " + said
	}
	return what + ":\n" + said
}

// Missing is the error that a program is not on this machine, with the command that installs it. The family is one of those
// that `minicf doctor` knows.
func Missing(family, message string) error {
	e := &plugin.StagingError{Message: message}
	all := runtimes.Families()
	if i := slices.IndexFunc(all, func(f runtimes.Family) bool { return f.Name == family }); i >= 0 {
		if command := runtimes.ThisMachine().Install(all[i]).ByHand; command != "" {
			e.Tip = "install it with: " + command
		}
	}
	return e
}
