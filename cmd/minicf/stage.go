package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/minicf/minicf/config"
	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/stager"
	"github.com/minicf/minicf/stager/plugin"
	"github.com/minicf/minicf/stager/plugin/builtin"
)

const stageAbout = `Turn an app into the files of a droplet with neither bus nor server, as bin/stage_app did: the plugin alone, files in, files out.

FILE is the configuration that the stager writes for each task: source_dir, dest_dir, environment. dest_dir is made; one that
exists must be empty, or hold an earlier result and --force. A failed staging leaves nothing there, and shows what the
plugin has logged. PLATFORM_CONFIG names a
platform.yml, whose unknown keys are passed over, as in 2012.`

func (s *session) stageCommand() *cobra.Command {
	var file, text string
	var force bool
	c := &cobra.Command{
		Use: "stage -c FILE", Short: "Stage an app without any bus", Long: stageAbout, Args: noArgs,
		Example: "  minicf stage -c config/stage-sinatra.yml",
	}
	s.jsonFlag(c)
	c.Flags().StringVarP(&file, "config", "c", "", "plugin configuration (default: config/stage-sinatra.yml as shipped)")
	c.Flags().BoolVar(&force, "force", false, "replace the result of an earlier staging in dest_dir")
	c.Flags().StringVar(&text, "text", string(plugin.T1), "era of the scripts' text: T1 (2012, the tutorial) or T2 (2013)")
	c.RunE = func(c *cobra.Command, _ []string) error {
		era, err := plugin.ParseText(text)
		if err != nil {
			return &coded{error: err, code: exitUsage}
		}
		cfg, platform, err := s.stageConfig(file)
		if err != nil {
			return badConfig(err)
		}
		ctx, stop := signal.NotifyContext(c.Context(), syscall.SIGINT, syscall.SIGTERM)
		defer stop()
		home, err := s.home()
		if err != nil {
			return err
		}
		tools := stager.Tools(platform, filepath.Join(home, stager.DefaultCache), era)
		tools.Show = s.showLine
		if err := s.stageFiles(ctx, cfg, tools, force); err != nil {
			return err
		}
		return s.printStaged(cfg.DestDir)
	}
	return c
}

// stageFiles stages, or leaves everything as it was, and what the plugin has logged on the terminal.
func (s *session) stageFiles(ctx context.Context, cfg plugin.Config, tools plugin.Tools, force bool) error {
	dest, err := plugin.PrepareDest(cfg.SourceDir, cfg.DestDir, force)
	switch {
	case errors.Is(err, plugin.ErrDestNotEmpty):
		return &coded{error: err, code: exitFailed, hint: "--force replaces the result of an earlier staging; or name another dest_dir"}
	case errors.Is(err, fs.ErrNotExist):
		return &coded{error: err, code: exitNotFound}
	case err != nil:
		return err
	}
	err = plugin.Stage(ctx, builtin.Set(), cfg.SourceDir, cfg.DestDir, cfg.Environment, tools)
	if err == nil {
		return nil
	}
	if log, err := os.ReadFile(filepath.Join(cfg.DestDir, filepath.FromSlash(droplet.StagingLog))); err == nil {
		lines := plugin.NewLines(s.showLine)
		_, _ = lines.Write(log) // never fails
		lines.Flush()
	}
	left := dest.Clean()
	if ctx.Err() != nil {
		return errors.Join(ctx.Err(), left)
	}
	return &coded{error: errors.Join(fmt.Errorf("staging plugin failed: %w", err), left), code: exitStaging, hint: hintOf(err)}
}

// showLine shows a line of a plugin, or of what it runs.
func (s *session) showLine(line string) { fmt.Fprintln(s.err, oneLine(line)) }

// badConfig is the error of a configuration file that cannot be used, or is not there.
func badConfig(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return &coded{error: err, code: exitNotFound}
	}
	return &coded{error: err, code: exitUsage, hint: hintOf(err)}
}

// stageConfig reads the plugin's configuration and, where PLATFORM_CONFIG names one, the platform's.
func (s *session) stageConfig(file string) (plugin.Config, plugin.Platform, error) {
	var platform plugin.Platform
	cfg, err := s.loadStageConfig(file)
	if path := s.getenv("PLATFORM_CONFIG"); err == nil && path != "" {
		platform, err = plugin.LoadPlatform(s.path(path))
	}
	home, _ := s.home() // without one, loadStageConfig has failed
	return cfg, platform.Resolve(func(path string) string { return below(home, path) }), err
}

// below is a path of a configuration file, which starts in the data dir unless it is absolute.
func below(home, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(home, path)
}

// loadStageConfig reads a file, or the shipped one. A relative source starts where the user is, a relative destination in
// the data dir, so that nothing is written beside the sources.
func (s *session) loadStageConfig(file string) (plugin.Config, error) {
	home, err := s.home()
	if err != nil {
		return plugin.Config{}, err
	}
	path := s.path(file)
	if file == "" {
		if path, err = s.shippedStageFile(); err != nil {
			return plugin.Config{}, err
		}
		defer os.Remove(path)
	}
	cfg, err := plugin.LoadConfig(path)
	if err != nil {
		return cfg, err
	}
	cfg.SourceDir = s.path(cfg.SourceDir)
	cfg.DestDir = below(home, cfg.DestDir)
	return cfg, nil
}

// shippedStageFile writes stage-sinatra.yml where it can be read as any other file.
func (s *session) shippedStageFile() (string, error) {
	f, err := os.CreateTemp("", "stage-sinatra-*.yml")
	if err != nil {
		return "", err
	}
	_, err = f.Write(config.File("stage-sinatra.yml"))
	return f.Name(), errors.Join(err, f.Close())
}

func (s *session) printStaged(dest string) error {
	nodes, err := droplet.Tree(dest)
	if err != nil {
		return err
	}
	if s.json {
		files := []map[string]any{}
		for _, n := range nodes {
			files = append(files, map[string]any{"path": n.Path, "mode": fmt.Sprintf("%04o", n.Mode.Perm()), "size": n.Size})
		}
		return s.printJSON(map[string]any{"dest_dir": dest, "files": files})
	}
	fmt.Fprintf(s.out, "staged to %s\n", filepath.Clean(dest))
	for _, n := range nodes {
		fmt.Fprintf(s.out, "  %s  %s\n", n.Mode, n.Path)
	}
	return nil
}
