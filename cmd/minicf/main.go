// Command minicf is a mini Cloud Foundry in one binary.
//
// Every file here is one thing that people type; each only reads flags, calls the package that does the work, and prints.
// `minicf up` runs all components in this process; `minicf stager` and its siblings run one each, as the Procfile does.
package main

import (
	"context"
	"io"
	"os"

	"github.com/minicf/minicf/internal/confine"
	"github.com/minicf/minicf/internal/vcaplog"
)

func main() {
	shim, err := confine.Enter(os.Args) // what is started to be confined goes no further than this
	if err != nil {
		os.Exit(exitFailed)
	}
	dir, err := os.Getwd()
	if err != nil {
		dir = "."
	}
	t := &terminal{in: os.Stdin, out: os.Stdout, err: os.Stderr, getenv: os.Getenv, lookup: os.LookupEnv, environ: os.Environ, dir: dir, shim: shim}
	os.Exit(run(context.Background(), t, os.Args[1:]))
}

// terminal is all that a command sees of the world around it.
type terminal struct {
	in       io.Reader
	out, err io.Writer
	getenv   func(string) string
	lookup   func(string) (string, bool)
	environ  func() []string
	dir      string // where the user is
	shim     confine.Shim
}

// colored reports whether what is printed to w may have colours.
func (t *terminal) colored(w io.Writer) bool { return vcaplog.ColorWanted(w, t.getenv) }

// run executes one command line and returns the exit code.
func run(ctx context.Context, t *terminal, args []string) int {
	s := &session{terminal: t}
	root := newRoot(s)
	root.SetArgs(args)
	root.SetIn(t.in)
	root.SetOut(t.out)
	root.SetErr(t.err)
	err := root.ExecuteContext(ctx)
	return s.report(err)
}
