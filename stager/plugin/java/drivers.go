package java

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/minicf/minicf/stager/plugin"
)

// driver is the JDBC driver for one kind of database.
type driver struct {
	kind  string   // what a service's label begins with
	label string   // the whole label, which text T1 wants
	jar   string   // glob of the driver of 2012, among the platform's files and in the app
	today []string // globs of those of today
}

func drivers() []driver {
	return []driver{
		{"mysql", "mysql-5.1", "*mysql-connector-java-*.jar", []string{"mysql-connector-j.jar", "mysql-connector-j-*.jar", "mariadb-java-client.jar", "mariadb-java-client-*.jar"}},
		{"postgresql", "postgresql-9.0", "*postgresql-*.jdbc*.jar", []string{"postgresql.jar", "postgresql-*.jar"}},
	}
}

// CopyDrivers puts a driver for each bound database into dir, a directory of the droplet, unless one is there. The platform
// keeps those of 2012 (autoconfig_resources); for an app on a runtime of today one that this machine has comes first, and one
// in appLib, where the app has its own libraries, is enough. A database for which there is none is told in the log.
func CopyDrivers(ctx context.Context, w *plugin.Workspace, dir, appLib string) error {
	for _, service := range w.App.Services {
		label, _ := service["label"].(string)
		for _, d := range drivers() {
			if !d.serves(label, w) {
				continue
			}
			if err := d.copy(ctx, w, label, dir, appLib); err != nil {
				return fmt.Errorf("JDBC driver for %s: %w", label, err)
			}
		}
	}
	return nil
}

// serves reports whether the driver is for a service. T1 knew one version of each database; T2 looked at what stands before
// the first hyphen.
func (d driver) serves(label string, w *plugin.Workspace) bool {
	if w.Text == plugin.T1 && !w.Modern() {
		return label == d.label
	}
	kind, _, _ := strings.Cut(label, "-")
	return kind == d.kind
}

func (d driver) copy(ctx context.Context, w *plugin.Workspace, label, dir, appLib string) error {
	patterns := []string{path.Join(dir, d.jar)}
	if w.Modern() {
		for _, name := range append(d.today, d.jar) {
			patterns = append(patterns, path.Join(dir, name), path.Join(appLib, name))
		}
	}
	for _, p := range patterns {
		if found, err := w.Glob(p); err != nil || len(found) > 0 {
			return err
		}
	}
	jar, err := d.find(w)
	if err != nil {
		return err
	}
	if jar == "" {
		w.Log.Warn(fmt.Sprintf("There is no JDBC driver for the service %s: the platform has none (%s), so the app has to bring one.", label, d.jar))
		return nil
	}
	return w.CopyIn(ctx, jar, path.Join(dir, filepath.Base(jar)))
}

// find is the path of a jar on this machine, or "".
func (d driver) find(w *plugin.Workspace) (string, error) {
	if w.Modern() && w.Jars != "" {
		for _, name := range d.today {
			if jar, err := first(w.Jars, name); jar != "" || err != nil {
				return jar, err
			}
		}
	}
	if w.Platform.AutoconfigResources == "" {
		return "", nil
	}
	return first(w.Platform.AutoconfigResources, d.jar)
}

// first is the first file in a directory that fits a pattern, in the order of their names.
func first(dir, pattern string) (string, error) {
	found, err := fs.Glob(os.DirFS(dir), pattern)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(found) == 0 {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, found[0]), nil
}
