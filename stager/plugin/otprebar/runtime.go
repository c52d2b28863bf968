package otprebar

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/stager/plugin"
)

// ertsOf is the version of the virtual machine of each release of Erlang. The plugin's table of 2012 had R14B02 alone, and
// crashed for R14B01, which the manifest offers; of that the manifest says which version it prints.
func ertsOf(release string) (version string, known bool) {
	switch release {
	case "R14B02":
		return "5.8.3", true
	case "R14B01":
		return "5.8.2", true
	}
	return "", false
}

// linkRuntime puts links to the runtime in the place of the virtual machine and of Erlang's own applications: those of the
// release may have been built for another operating system.
func linkRuntime(w *plugin.Workspace) error {
	packaged, err := packagedERTS(w)
	if err != nil {
		return err
	}
	release := string(w.App.RuntimeInfo.Version)
	runtime, known := ertsOf(release)
	if !known {
		return &plugin.StagingError{Message: fmt.Sprintf("nothing is known of Erlang %q: neither its ERTS nor its applications", release)}
	}
	if packaged != runtime {
		return mismatch(runtime, packaged)
	}
	home, err := runtimeHome(w)
	if err != nil {
		return err
	}
	return linkTo(w, home, runtime)
}

// linkTo links to the Erlang below home, which has the directories erts-VERSION and lib.
func linkTo(w *plugin.Workspace, home, erts string) error {
	if err := w.LinkInto(home, "erts-"+erts, "app/erts-"+erts); err != nil {
		return err
	}
	libs, err := w.Glob("app/lib/*")
	if err != nil {
		return err
	}
	for _, lib := range libs {
		if !ofErlang(path.Base(lib)) {
			continue
		}
		if err := w.LinkInto(home, "lib/"+path.Base(lib), lib); err != nil {
			return err
		}
	}
	return nil
}

func mismatch(runtime, packaged string) error {
	return &plugin.StagingError{
		Message: "Application was released with different Erlang version to runtime. Selected Runtime ERTS: " + runtime + ", Packaged ERTS: " + packaged,
		Tip:     "build the release with the runtime's Erlang",
	}
}

// startFile tells with which version of the virtual machine which version of the release starts.
const startFile = "releases/start_erl.data"

// packagedERTS is the version of the virtual machine for which the release was built.
func packagedERTS(w *plugin.Workspace) (string, error) {
	content, err := w.ReadApp(startFile)
	if err != nil {
		return "", &plugin.StagingError{Message: err.Error()}
	}
	if content == nil {
		return "", &plugin.StagingError{Message: "No such file or directory - app/" + startFile, Tip: "it is part of every release: stage what `rebar generate` made"}
	}
	version, _, _ := strings.Cut(strings.TrimSpace(string(content)), " ")
	return version, nil
}

// runtimeHome is Erlang's directory.
func runtimeHome(w *plugin.Workspace) (string, error) {
	erl := w.App.RuntimeInfo.Executable
	if !filepath.IsAbs(erl) {
		var ok bool
		if erl, ok = w.Runtime(); !ok {
			return "", &plugin.StagingError{Message: fmt.Sprintf("the executable of the runtime, %q, is not on this machine, so that its libraries cannot be linked", w.App.RuntimeInfo.Executable)}
		}
	}
	return droplet.ErlangHome(erl), nil
}

// ofErlang reports whether a directory in lib/ is an application that comes with Erlang. Which version it has does not matter,
// since that of the virtual machine is the right one.
func ofErlang(lib string) bool {
	name, _, _ := strings.Cut(lib, "-")
	return slices.Contains([]string{
		"appmon", "asn1", "common_test", "compiler", "cosEvent", "cosEventDomain", "cosFileTransfer", "cosNotification",
		"cosProperty", "cosTime", "cosTransactions", "crypto", "debugger", "dialyzer", "diameter", "docbuilder", "edoc", "eldap", "erl_docgen",
		"erl_interface", "erts", "et", "eunit", "ftp", "gs", "hipe", "ic", "inets", "inviso", "jinterface", "kernel", "megaco", "mnesia",
		"observer", "odbc", "orber", "os_mon", "otp_mibs", "parsetools", "percept", "pman", "public_key", "reltool",
		"runtime_tools", "sasl", "snmp", "ssh", "ssl", "stdlib", "syntax_tools", "test_server", "tftp", "toolbar", "tools", "tv", "typer",
		"webtool", "wx", "xmerl",
	}, name)
}
