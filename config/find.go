package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// find returns the file to read, nil when there is none.
func (l *loader) find(o Options) (*document, error) {
	if o.Path != "" {
		return open(o.Path)
	}
	var candidates []string
	if dir := o.env("CLOUD_FOUNDRY_CONFIG_PATH"); dir != "" {
		candidates = append(candidates, filepath.Join(dir, l.component+".yml"))
	}
	if o.Dir != "" && IsProject(o.Dir) {
		candidates = append(candidates, filepath.Join(o.Dir, "config", l.component+".yml"))
	}
	for _, path := range candidates {
		doc, err := open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && o.Dir != "" {
			doc.source = shorter(o.Dir, path)
		}
		return doc, err
	}
	return nil, nil
}

// shorter returns path as seen from dir, if that is below it.
func shorter(dir, path string) string {
	if rel, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

// env returns a variable of the environment, empty when it is not set.
func (o Options) env(name string) string {
	if o.Lookup == nil {
		return ""
	}
	value, _ := o.Lookup(name)
	return value
}

// IsProject reports whether a directory is one that minicf is at home in: it has a Procfile or a minicf.yml.
func IsProject(dir string) bool {
	for _, name := range []string{"Procfile", "minicf.yml"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	return false
}
