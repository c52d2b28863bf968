package otprebar

import (
	"context"
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/minicf/minicf/stager/plugin"
)

// release is what there is to know of a release of today. Paths are relative to the app.
type release struct {
	name   string   // of the release, and of its script in bin/
	args   string   // the file with the arguments of the virtual machine; "" when it has none
	parts  []string // directories that an Erlang of the same version has, too
	action string   // for the script: foreground or console; "" is none
}

func findRelease(ctx context.Context, w *plugin.Workspace) (release, error) {
	file, err := releaseFile(ctx, w, func(files []string) []string { return newest(w, files) })
	if err != nil {
		return release{}, err
	}
	r := release{name: nameOf(file)}
	dir := path.Dir(file)
	for _, name := range []string{r.name, dir} {
		if err := plugin.CheckName(name); err != nil {
			return r, &plugin.StagingError{Message: fmt.Sprintf("the release cannot be called %q: %v", name, err), Tip: "rename it"}
		}
	}
	for _, name := range []string{"etc/vm.args", dir + "/vm.args.src", dir + "/vm.args"} {
		if r.args == "" && w.Has("app/"+name) {
			r.args = name
		}
	}
	script, err := w.ReadApp("bin/" + r.name)
	if err != nil {
		return r, &plugin.StagingError{Message: err.Error()}
	}
	r.action = action(script)
	r.parts, err = machineParts(w)
	return r, err
}

// newest leaves, of several versions of one release, that which releases/start_erl.data says.
func newest(w *plugin.Workspace, files []string) []string {
	_, version := startData(w)
	for _, f := range files {
		if nameOf(f) != nameOf(files[0]) {
			return files
		}
	}
	for _, f := range files {
		if path.Base(path.Dir(f)) == version {
			return []string{f}
		}
	}
	return files
}

// startData is what releases/start_erl.data says: the versions of the virtual machine and of the release.
func startData(w *plugin.Workspace) (erts, version string) {
	content, err := w.ReadApp(startFile)
	words := strings.Fields(string(content))
	if err != nil || len(words) != 2 {
		return "", ""
	}
	return words[0], words[1]
}

// number is a version, as directories have it behind their names.
var number = regexp.MustCompile(`^[0-9]+(\.[0-9]+)*$`)

// machineParts are the virtual machine and Erlang's own applications.
func machineParts(w *plugin.Workspace) ([]string, error) {
	var parts []string
	if erts, _ := startData(w); number.MatchString(erts) {
		parts = append(parts, "erts-"+erts)
	}
	libs, err := w.Glob("app/lib/*")
	if err != nil {
		return nil, err
	}
	for _, lib := range libs {
		base := path.Base(lib)
		if _, version, _ := strings.Cut(base, "-"); ofErlang(base) && number.MatchString(version) {
			parts = append(parts, "lib/"+base)
		}
	}
	return parts, nil
}
