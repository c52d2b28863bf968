package gems

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/minicf/minicf/stager/install"
	"github.com/minicf/minicf/stager/plugin"
)

//go:embed scripts/gemfile.rb
var gemfileScript string

// A Gemfile is a program. One with any of these words may depend on more than its own text, so that it is run every time.
var looksAround = regexp.MustCompile("\\b(eval_gemfile|gemspec|instance_eval|require|require_relative|load|open|File|Dir|IO|Pathname|Kernel|system|exec|spawn|Time|rand)\\b|`|%x")

// Gemfile has Bundler read the app's Gemfile, unless it has read the same one before.
func (t *Tools) Gemfile(ctx context.Context, w *plugin.Workspace) ([]plugin.Dependency, error) {
	ruby, err := t.Ruby(ctx, w)
	if err != nil {
		return nil, err
	}
	key, err := gemfileKey(w, ruby)
	if err != nil {
		return nil, err
	}
	c, err := cacheOf(w, ruby)
	if err != nil {
		return nil, err
	}
	if key != "" {
		if text, err := os.ReadFile(filepath.Join(c.answers().Path(key), answerFile)); err == nil {
			return decodeGemfile(text)
		}
	}
	text, err := readGemfile(ctx, w, ruby)
	if err != nil {
		return nil, err
	}
	all, err := decodeGemfile(text)
	if err == nil && key != "" {
		err = c.answers().Fill(key, func(dir string) error { return writeAnswer(dir, text) })
	}
	return all, err
}

const answerFile = "answer.json"

func writeAnswer(dir string, text []byte) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, answerFile), text, 0o644)
}

// gemfileKey is the name of a Gemfile's answer in the cache; "" is that of none.
func gemfileKey(w *plugin.Workspace, ruby plugin.Ruby) (string, error) {
	parts := []string{ruby.Executable, ruby.Version, ruby.Platform, ruby.Bundler}
	for _, name := range []string{"Gemfile", "Gemfile.lock"} {
		text, err := w.ReadApp(name)
		if err != nil {
			return "", &plugin.StagingError{Message: err.Error()}
		}
		if name == "Gemfile" && looksAround.Match(text) {
			return "", nil
		}
		parts = append(parts, string(text))
	}
	return install.Key(parts...), nil
}

// readGemfile runs Bundler, with nothing of the app's own settings for it and no right to change the lock file.
func readGemfile(ctx context.Context, w *plugin.Workspace, ruby plugin.Ruby) ([]byte, error) {
	scratch, err := w.ScratchDir()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(scratch, "gemfile-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	answer := filepath.Join(dir, answerFile)
	env := []string{"BUNDLE_APP_CONFIG=" + dir, "BUNDLE_FROZEN=true", "BUNDLE_SILENCE_DEPRECATIONS=true", "BUNDLE_GEMFILE=" + filepath.Join(w.AppDir(), "Gemfile")}
	output, err := w.RunTool(ctx, env, ruby.Executable, "-W0", "-e", gemfileScript, answer)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, &plugin.StagingError{
			Message: "Error resolving Gemfile: Error parsing Gemfile: " + withoutDir(plugin.LastLines(output, err), w.AppDir()),
			Tip:     "run `bundle install` where the app is developed, and push the Gemfile.lock that it writes",
		}
	}
	return os.ReadFile(answer)
}

// withoutDir leaves the workspace's path out of what a tool said: it is gone when somebody reads it.
func withoutDir(text, dir string) string {
	return strings.ReplaceAll(text, dir+"/", "")
}

func decodeGemfile(text []byte) ([]plugin.Dependency, error) {
	var all []plugin.Dependency
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("read what Bundler says of the Gemfile: %w", err)
	}
	return all, nil
}
