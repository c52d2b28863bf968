package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/sandbox"
)

// lastWords is how many lines of a log are shown when an app did not start.
const lastWords = 20

// startFailure is the error of an instance that did not come. When the DEA runs on this data dir, its logs are here, and
// what the app wrote last is shown.
func (s *session) startFailure(err error) error {
	e, ok := errors.AsType[*client.StartError](err)
	if !ok || errors.Is(err, context.Canceled) {
		return err
	}
	failure := &coded{error: err, code: exitAppStart, hint: hintOf(err)}
	dir := s.instanceDir(e)
	if dir == "" {
		return failure
	}
	failure.hint = "all of its logs are in " + filepath.Join(dir, "logs") + "; `minicf doctor` says whether its runtime is installed"
	for _, name := range []string{"stderr.log", "stdout.log"} {
		if text := tail(filepath.Join(dir, "logs", name)); text != "" {
			failure.error = fmt.Errorf("%w\n%s ends with:\n%s", failure.error, name, text)
		}
	}
	return failure
}

// instanceDir is where the DEA of this data dir keeps an instance; empty when there is none, or it is not this machine's.
func (s *session) instanceDir(e *client.StartError) string {
	running, err := s.find()
	if _, here := running["dea"]; err != nil || !here || s.nats != "" || e.Instance == "" || strings.ContainsAny(e.Instance, `*?[\/`) {
		return ""
	}
	base, err := s.deaBase()
	if err != nil {
		return ""
	}
	found, err := filepath.Glob(filepath.Join(base, "apps", "*-"+e.Instance))
	if err != nil || len(found) == 0 {
		return ""
	}
	return found[0]
}

// deaBase is the base_dir of the DEA's configuration.
func (s *session) deaBase() (string, error) {
	home, err := s.home()
	if err != nil {
		return "", err
	}
	all, err := sandbox.Configuration(sandbox.Settings{DataDir: home, Dir: s.dir, Lookup: s.lookup, Only: []string{"dea"}})
	if err != nil {
		return "", err
	}
	for _, v := range all {
		if v.Key == "base_dir" && !filepath.IsAbs(v.Value) {
			return filepath.Join(home, v.Value), nil
		}
		if v.Key == "base_dir" {
			return v.Value, nil
		}
	}
	return "", errors.New("the DEA has no base_dir")
}

// tail is the end of a log, printable whatever the app wrote; empty when there is none.
func tail(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	const enough = 16 << 10
	if info, err := f.Stat(); err == nil && info.Size() > enough {
		if _, err := f.Seek(-enough, io.SeekEnd); err != nil {
			return ""
		}
	}
	text, err := io.ReadAll(io.LimitReader(f, enough))
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(printable(string(text))), "\n")
	return strings.Join(lines[max(0, len(lines)-lastWords):], "\n")
}

// printable leaves out what a terminal would obey.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (r < ' ' || r >= 0x7f && r < 0xa0) {
			return -1
		}
		return r
	}, text)
}
