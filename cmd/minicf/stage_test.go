package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/minicf/minicf/internal/testkit"
)

func TestStageShowsWhatWentBeforeAFailure(t *testing.T) {
	t.Parallel()
	testkit.RequireTool(t, "sh")
	dir := t.TempDir()
	pack, source := filepath.Join(dir, "pack"), filepath.Join(dir, "app")
	if err := os.Mkdir(source, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(pack, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"detect": "true", "release": "true", "compile": "echo 'no compiler here'; exit 3"} {
		if err := os.WriteFile(filepath.Join(pack, "bin", name), []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	config, platform := filepath.Join(dir, "stage.yml"), filepath.Join(dir, "platform.yml")
	if err := os.WriteFile(platform, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	writeJSON(t, config, map[string]any{"source_dir": source, "dest_dir": filepath.Join(dir, "staged"), "environment": map[string]any{
		"services": []any{}, "buildpack": pack, "framework_info": map[string]any{"name": "buildpack"},
		"runtime_info": map[string]any{"name": "ruby", "version": "3.1.2", "executable": "ruby"},
		"resources":    map[string]any{"memory": 64, "disk": 64, "fds": 64},
	}})
	const want = "Installing pack.\nno compiler here\nminicf: staging plugin failed: Buildpack compilation step failed\n"
	if code, said := stageIn(t, dir, config); code != exitStaging || len(said) < len(want) || said[:len(want)] != want {
		t.Errorf("exit %d: %s\nwant it to begin with %s", code, said, want)
	}
}
