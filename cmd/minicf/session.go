package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/sandbox"
)

// session is one run of minicf: the terminal and the flags that many commands share.
type session struct {
	*terminal
	dataDir string // --data-dir
	nats    string // --nats
	api     string // --api
	json    bool   // --json
}

// report prints an error, if there is one, and returns the exit code.
func (s *session) report(err error) int {
	if err == nil {
		return exitOK
	}
	code, hint := exitCode(err), hintOf(err)
	if s.json {
		_ = s.printJSON(map[string]any{"error": map[string]any{"code": code, "message": err.Error(), "hint": hint}})
		return code
	}
	if code == exitInterrupted {
		fmt.Fprintln(s.err, "minicf: interrupted")
		return code
	}
	fmt.Fprintf(s.err, "minicf: %v\n", err)
	if hint != "" {
		fmt.Fprintf(s.err, "  → %s\n", hint)
	}
	return code
}

// printJSON writes one value, indented, to standard output.
func (s *session) printJSON(v any) error {
	e := json.NewEncoder(s.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// home is the data dir that this command line means.
func (s *session) home() (string, error) {
	dir, _ := config.DataDir(s.dataDir, s.lookup, s.dir)
	return filepath.Abs(dir)
}

// jsonFlag gives a command --json.
func (s *session) jsonFlag(c *cobra.Command) {
	c.Flags().BoolVar(&s.json, "json", false, "print JSON, for programs")
}

// find returns what runs on the data dir; it is an error when nothing does.
func (s *session) find() (map[string]sandbox.Running, error) {
	home, err := s.home()
	if err != nil {
		return nil, err
	}
	all, err := sandbox.Find(home)
	if err != nil {
		return nil, err
	}
	byName := map[string]sandbox.Running{}
	for _, r := range all {
		byName[r.Component] = r
	}
	return byName, nil
}

// notRunning says that a component was looked for in vain.
func (s *session) notRunning(what, flag string) error {
	home, err := s.home()
	if err != nil {
		return err
	}
	return &coded{
		error: fmt.Errorf("no %s is running on %s", what, home),
		code:  exitNotRunning,
		hint:  fmt.Sprintf("start the sandbox with `minicf up`, name its --data-dir, or say where it is with %s URL", flag),
	}
}

// busURL is where the bus of the running sandbox is.
func (s *session) busURL() (string, error) {
	return s.locate("nats", s.nats, "--nats")
}

// controllerURL is where the controller of the running sandbox is.
func (s *session) controllerURL() (string, error) {
	return s.locate("controller", s.api, "--api")
}

func (s *session) locate(component, flagValue, flag string) (string, error) {
	if flagValue != "" {
		return flagValue, nil
	}
	running, err := s.find()
	if err != nil {
		return "", err
	}
	r, ok := running[component]
	if !ok || r.URL == "" {
		return "", s.notRunning(component, flag)
	}
	return r.URL, nil
}

// openBus connects to the bus of the running sandbox. The caller closes it.
func (s *session) openBus() (*bus.Bus, error) {
	url, err := s.busURL()
	if err != nil {
		return nil, err
	}
	b := bus.New(bus.Options{URL: url, Name: "minicf", Once: true})
	if err := b.Open(); err != nil {
		return nil, err
	}
	return b, nil
}

// controller is the running sandbox's controller.
func (s *session) controller() (*client.Controller, error) {
	url, err := s.controllerURL()
	if err != nil {
		return nil, err
	}
	return &client.Controller{URL: url}, nil
}
