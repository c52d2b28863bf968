package buildpack

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/stager/plugin"
)

// depsDir is where bin/supply puts dependencies, one numbered directory for each buildpack, in the droplet.
const depsDir = "deps"

// detect asks a buildpack whether it knows the app, and what it calls it.
func (s *staging) detect(ctx context.Context) (bool, error) {
	out, err := s.run(ctx, nil, s.pack.program("detect"), s.w.AppDir())
	if ctx.Err() != nil {
		return false, context.Cause(ctx)
	}
	s.pack.name = strings.TrimSpace(string(out))
	return err == nil, nil
}

// compile shows what the buildpack prints.
func (s *staging) compile(ctx context.Context) error {
	s.w.Tell("Installing " + s.pack.base + ".")
	steps, err := s.steps()
	if err != nil {
		return err
	}
	lines := plugin.NewLines(s.w.Tell)
	defer lines.Flush()
	for _, argv := range steps {
		_, err := s.run(ctx, io.MultiWriter(lines, s.log), argv...)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			return &plugin.StagingError{
				Message: "Buildpack compilation step failed",
				Tip:     fmt.Sprintf("bin/%s: %v; the lines above are what it printed", filepath.Base(argv[0]), err),
			}
		}
	}
	return nil
}

// steps are bin/compile, or the programs that took its place in 2016.
func (s *staging) steps() ([][]string, error) {
	if !s.pack.has("finalize") {
		return [][]string{{s.pack.program("compile"), s.w.AppDir(), s.cache.app}}, nil
	}
	const profile = droplet.AppDir + "/.profile.d"
	for _, dir := range []string{depsDir + "/0", profile} {
		if err := s.w.Mkdir(dir); err != nil {
			return nil, err
		}
	}
	args := []string{s.w.AppDir(), s.cache.app, filepath.Join(s.w.Dest, depsDir), "0"}
	var steps [][]string
	if s.pack.has("supply") {
		steps = append(steps, append([]string{s.pack.program("supply")}, args...))
	}
	finalize := append([]string{s.pack.program("finalize")}, args...)
	return append(steps, append(finalize, filepath.Join(s.w.Dest, profile))), nil
}

// run runs a program of the buildpack.
func (s *staging) run(ctx context.Context, output io.Writer, argv ...string) ([]byte, error) {
	if s.w.Run == nil {
		return nil, plugin.ErrNoTools
	}
	env, err := s.environment()
	if err != nil {
		return nil, err
	}
	c, err := s.w.Command(env, argv...)
	if err != nil {
		return nil, err
	}
	c.Output = output
	c.Read, c.Write = append(c.Read, s.pack.dir), append(c.Write, s.cache.app)
	return s.w.Run(ctx, c)
}

// environment is what the app's owner set, as long as it does not replace where programs and temporary files are, and what
// dea_ng told buildpacks.
func (s *staging) environment() ([]string, error) {
	var env []string
	for _, pair := range s.w.App.Environment {
		switch name, _, _ := strings.Cut(pair, "="); name {
		case "PATH", "HOME", "TMPDIR":
		default:
			env = append(env, pair)
		}
	}
	services, err := json.Marshal(servicesByLabel(s.w.App.Services))
	if err != nil {
		return nil, err
	}
	return append(env, "VCAP_SERVICES="+string(services), fmt.Sprintf("MEMORY_LIMIT=%dm", s.w.Memory())), nil
}

// servicesByLabel is VCAP_SERVICES as apps see it.
func servicesByLabel(services []map[string]any) map[string][]map[string]any {
	all := map[string][]map[string]any{}
	for _, s := range services {
		if label, ok := s["label"].(string); ok {
			all[label] = append(all[label], s)
		}
	}
	return all
}
