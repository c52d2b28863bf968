package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minicf/minicf/framework"
)

func TestDetectionIsToldWithoutWhatATerminalWouldObey(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Procfile":              "started by ruby \ufffd[31mred.rb",
		"a\x1b[31m\nb c\xff.rb": "a\ufffd[31m\ufffdb c\ufffd.rb says require 'sinatra'",
	} {
		dir := t.TempDir()
		text := "web: ruby \x1b[31mred.rb\nrequire 'sinatra'\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		found, err := framework.Detect(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		s := &session{terminal: &terminal{out: &out}}
		if err := s.printDetection(found, true); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); !strings.Contains(got, want) || strings.Contains(got, "\x1b") {
			t.Errorf("%q: %q, want %q in it", name, got, want)
		}
	}
}

func TestNoFrameworkIsSaidToFitWhenThereIsNothingToStart(t *testing.T) {
	t.Parallel()
	for procfile, want := range map[string]bool{"": false, "web: ./server\n": true} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "Procfile"), []byte(procfile), 0o600); err != nil {
			t.Fatal(err)
		}
		found, err := framework.Detect(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		s := &session{terminal: &terminal{out: &out}}
		if err := s.printDetection(found, true); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(out.String(), "YES  standalone"); got != want {
			t.Errorf("with the Procfile %q standalone fits: %v, want %v\n%s", procfile, got, want, &out)
		}
	}
}
