package buildpack

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/minicf/minicf/stager/install/git"
	"github.com/minicf/minicf/stager/plugin"
)

// pack is a buildpack.
type pack struct {
	dir  string // with bin/ in it
	base string // the last part of its address
	name string // as bin/detect printed it ("Ruby/Rails"), or as its address ends
}

func (p pack) program(name string) string { return filepath.Join(p.dir, "bin", name) }

// has reports whether the buildpack has a program.
func (p pack) has(name string) bool {
	info, err := os.Stat(p.program(name))
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// check wants the programs to be there before any of them is run.
func (p pack) check(address string) error {
	var lacks []string
	for _, name := range []string{"detect", "release"} {
		if !p.has(name) {
			lacks = append(lacks, "bin/"+name)
		}
	}
	if !p.has("compile") && !p.has("finalize") {
		lacks = append(lacks, "bin/compile")
	}
	if len(lacks) == 0 {
		return nil
	}
	return &plugin.StagingError{
		Message: fmt.Sprintf("%s is no buildpack: it has no executable %s", git.Parse(address), strings.Join(lacks, ", ")),
		Tip:     "examples/buildpack is one to copy",
	}
}

// baseName is the last part of an address, without .git.
func baseName(address string) string {
	address, _, _ = strings.Cut(address, "#")
	address = strings.TrimRight(strings.ReplaceAll(address, ":", "/"), "/")
	return strings.TrimSuffix(path.Base(address), ".git")
}
