package runtimes

import (
	"os"
	"path/filepath"
	"testing"
)

// newBin makes a directory called name with executables in it.
func newBin(t *testing.T, name string, executables ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, e := range executables {
		if err := os.WriteFile(filepath.Join(dir, e), nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFindPrefersPackagesThenPathThenShims(t *testing.T) {
	t.Parallel()
	packages := newBin(t, "bin", "python3")
	opt := newBin(t, "opt", "python3", "node")
	shims := newBin(t, "shims", "python2", "python3", "ruby")
	f := finder{first: []string{packages}, path: []string{shims, "relative", "", opt}}
	for name, tt := range map[string]struct {
		names []string
		want  string
	}{
		"packages come before the PATH":               {[]string{"python3"}, packages + "/python3"},
		"a later name beats a shim of an earlier one": {[]string{"python2", "python3"}, packages + "/python3"},
		"the PATH":                      {[]string{"node"}, opt + "/node"},
		"a shim is better than nothing": {[]string{"ruby"}, shims + "/ruby"},
		"a path is looked at as it is":  {[]string{opt + "/node"}, opt + "/node"},
		"a path to nothing":             {[]string{opt + "/nothing"}, ""},
		"no executable of that name":    {[]string{"php"}, ""},
		"no name":                       {[]string{""}, ""},
		"a directory is no executable, with or without /": {[]string{opt}, ""},
	} {
		if got, ok := f.find(tt.names...); ok != (tt.want != "") || ok && got != tt.want {
			t.Errorf("%s: find%v = %q, %t, want %q", name, tt.names, got, ok, tt.want)
		}
	}
}

func TestFindWantsAnExecutableFile(t *testing.T) {
	t.Parallel()
	dir := newBin(t, "bin", "ruby", "node")
	if err := os.Chmod(filepath.Join(dir, "ruby"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("node", filepath.Join(dir, "nodejs")); err != nil {
		t.Fatal(err)
	}
	f := finder{path: []string{dir}}
	if got, ok := f.find("ruby"); ok {
		t.Errorf("found %s, which is not executable", got)
	}
	if got, _ := f.find("nodejs"); got != filepath.Join(dir, "nodejs") {
		t.Errorf("find(nodejs) = %q, want the link itself", got)
	}
}
