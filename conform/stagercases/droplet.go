package stagercases

import (
	"archive/tar"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/minicf/minicf/conform/suite"
	"github.com/minicf/minicf/conform/wire"
)

// dropletChecks look at the droplet of the sample.
func dropletChecks() []check {
	is := func(name, section string, level suite.Level, about string, run func(*fixture) error) check {
		return check{
			Case: suite.Case{Name: "droplet/" + name, Source: "staging " + section, Level: level, About: about},
			Run: func(ctx context.Context, k *Kit) error {
				f, err := k.theSample(ctx)
				if err != nil {
					return err
				}
				return run(f)
			},
		}
	}
	return []check{
		is("layout", "§3.2, §1.6", suite.Core, "the droplet is a tgz with app/, logs/, tmp/, startup and stop at its root, and nothing else", dropletLayout),
		is("startup-mode", "§3.2, §6 K4", suite.Core, "startup has the mode 0500", hasMode("startup", 0o500)),
		is("stop-mode", "§3.2, §6 K4", suite.Required, "stop has the mode 0500", hasMode("stop", 0o500)),
		is("directory-modes", "§3.2", suite.Required, "the directories have the mode 0755", func(f *fixture) error {
			for _, dir := range []string{"app", "logs", "tmp"} {
				if err := hasMode(dir, 0o755)(f); err != nil {
					return err
				}
			}
			return nil
		}),
		is("app-file", "§5.1 S6", suite.Core, "the app's files are in app/", hasText("app/app.rb", sinatraApp)),
		is("bytes", "§3.2", suite.Required, "files are as they were, byte for byte", hasText("app/data/binary", binary)),
		is("script-of-the-app", "§3.2", suite.Required, "an app's own file startup stays one of the app's", hasText("app/startup", "of the app, not of the droplet\n")),
		is("odd-names", "§3.2", suite.Required, "names with blanks, quotes and letters of other languages are kept", hasText("app/data/a name with blanks, 'quotes' and ü.txt", "odd\n")),
		is("inner-dot-files", "§3.2", suite.Required, "dot-files below the root are kept", hasText("app/data/.inner", "inner\n")),
		is("dot-files", "§6 Q5, §5.1 S6", suite.Required, "dot-files at the root are kept", dropletDotFiles),
		is("executables", "§1.6", suite.Required, "what can be executed can still be", hasMode("app/bin/tool", 0o755)),
		is("links", "§1.6", suite.Required, "a symbolic link is one", dropletLinks),
		is("empty-directories", "§3.2", suite.Required, "empty directories are kept", dropletEmptyDirectory),
		is("staging-log", "§1.6, §3.3", suite.Required, "logs/staging.log is what the plugin has logged", dropletLog),
		is("no-root-entry", "§6 Q11", suite.Required, "no entry changes the mode of the directory that the droplet is unpacked to", dropletRoot),
	}
}

// get returns an entry of the droplet.
func (f *fixture) get(name string) (entry, error) {
	e, has := f.entries[name]
	if !has {
		return e, &suite.Mismatch{Why: name + " is not in the droplet", Expected: name, Seen: strings.Join(f.names, "\n")}
	}
	return e, nil
}

func hasMode(name string, want fs.FileMode) func(*fixture) error {
	return func(f *fixture) error {
		e, err := f.get(name)
		if err == nil && fs.FileMode(e.Mode).Perm() != want {
			err = &suite.Mismatch{Why: name + " has another mode", Expected: want.String(), Seen: fs.FileMode(e.Mode).Perm().String()}
		}
		return err
	}
}

func hasText(name, want string) func(*fixture) error {
	return func(f *fixture) error {
		e, err := f.get(name)
		if err == nil && e.text != want {
			err = &suite.Mismatch{Why: name + " has other content", Expected: fmt.Sprintf("%q", want), Seen: fmt.Sprintf("%q", e.text)}
		}
		return err
	}
}

func dropletLayout(f *fixture) error {
	roots := map[string]bool{}
	for name := range f.entries {
		root, _, _ := strings.Cut(name, "/")
		roots[root] = root != "."
	}
	delete(roots, ".")
	want := []string{"app", "logs", "startup", "stop", "tmp"}
	if got := slices.Sorted(maps.Keys(roots)); !slices.Equal(got, want) {
		return &suite.Mismatch{Why: "the root of the droplet has other entries", Expected: wire.Show(want), Seen: wire.Show(got)}
	}
	return nil
}

func dropletDotFiles(f *fixture) error {
	if _, has := f.entries["app/.hidden_file"]; !has {
		return &suite.Known{What: "dot-files at the root of an app are lost"}
	}
	return hasText("app/.hidden_file", "hidden\n")(f)
}

func dropletLinks(f *fixture) error {
	e, err := f.get("app/data/link")
	if err == nil && (e.Typeflag != tar.TypeSymlink || e.Linkname != "binary") {
		err = &suite.Mismatch{Why: "app/data/link is something else", Expected: "a link to binary", Seen: fmt.Sprintf("%c to %q", e.Typeflag, e.Linkname)}
	}
	return err
}

func dropletEmptyDirectory(f *fixture) error {
	e, err := f.get("app/empty")
	if err == nil && e.Typeflag != tar.TypeDir {
		err = &suite.Mismatch{Why: "app/empty is no directory", Expected: "a directory", Seen: fmt.Sprintf("%c", e.Typeflag)}
	}
	return err
}

func dropletLog(f *fixture) error {
	e, err := f.get("logs/staging.log")
	if err != nil {
		return err
	}
	if got, want := strings.TrimSuffix(e.text, "\n"), strings.Join(pluginLines(f.said), "\n"); got != want {
		return &suite.Mismatch{Why: "logs/staging.log differs from what the user is told", Expected: want, Seen: got}
	}
	return nil
}

func dropletRoot(f *fixture) error {
	e, has := f.entries["."]
	if has && fs.FileMode(e.Mode).Perm() != 0o755 {
		return &suite.Known{What: fmt.Sprintf("the droplet's entry %s changes the directory of the instance to %s", e.Name, fs.FileMode(e.Mode).Perm())}
	}
	return nil
}
