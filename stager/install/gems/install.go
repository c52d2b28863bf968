package gems

import (
	"context"
	_ "embed"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/minicf/minicf/stager/install"
	"github.com/minicf/minicf/stager/plugin"
)

var (
	//go:embed scripts/install.rb
	installScript string
	//go:embed scripts/bundler.rb
	bundlerScript string
)

// Install finds each gem installed in the cache, or installs it there. All that are not there are installed by one Ruby.
func (t *Tools) Install(ctx context.Context, w *plugin.Workspace, gems []plugin.Gem) ([]string, error) {
	ruby, err := t.Ruby(ctx, w)
	if err != nil {
		return nil, err
	}
	c, err := cacheOf(w, ruby)
	if err != nil {
		return nil, err
	}
	b := &batch{t: t, w: w, cache: c, ruby: ruby}
	defer b.clean()
	for _, gem := range gems {
		if err := b.add(ctx, gem); err != nil {
			return nil, err
		}
	}
	return b.dirs, b.install(ctx)
}

// batch is the gems of one bundle on their way into the cache.
type batch struct {
	t     *Tools
	w     *plugin.Workspace
	cache cache
	ruby  plugin.Ruby

	dirs []string // where each gem is, or will be
	todo []todo
	temp []string // to be removed
}

// todo is a package that is not in the cache, where it is to be installed, and the key under which it is then kept.
type todo struct{ file, made, key string }

func (b *batch) clean() {
	for _, dir := range b.temp {
		_ = os.RemoveAll(dir)
	}
}

func (b *batch) newTemp() (string, error) {
	dir, err := b.cache.temp()
	if err == nil {
		b.temp = append(b.temp, dir)
	}
	return dir, err
}

// add finds out where a gem is or what has to be done for it.
func (b *batch) add(ctx context.Context, gem plugin.Gem) error {
	switch {
	case gem.Git != nil:
		return b.addRevision(ctx, gem)
	case gem.Name == "bundler" && gem.File == "":
		return b.addBundler(ctx)
	}
	file, err := b.t.find(ctx, b.w, b.cache, gem)
	if err != nil {
		return err
	}
	sum, err := sumOfFile(file)
	if err != nil {
		return err
	}
	return b.need(file, sum)
}

// need notes that a package has to be installed and kept under a key, if it is not there.
func (b *batch) need(file, key string) error {
	if b.has(key) {
		return nil
	}
	dir, err := b.newTemp()
	if err != nil {
		return err
	}
	b.dirs = append(b.dirs, b.cache.installed().Path(key))
	b.todo = append(b.todo, todo{file: file, made: filepath.Join(dir, "gem"), key: key})
	return nil
}

// has adds a gem that is in the cache.
func (b *batch) has(key string) bool {
	dir := b.cache.installed().Path(key)
	if !exists(dir) {
		return false
	}
	b.dirs = append(b.dirs, dir)
	return true
}

// addBundler takes the machine's Bundler, whatever the version is that the log names.
func (b *batch) addBundler(ctx context.Context) error {
	key := install.Key("bundler", b.ruby.Bundler)
	if b.has(key) {
		return nil
	}
	dir, err := b.newTemp()
	if err != nil {
		return err
	}
	file := filepath.Join(dir, "bundler-"+b.ruby.Bundler+".gem")
	output, err := b.w.RunToolWith(ctx, plugin.Access{Write: []string{dir}}, nil, b.ruby.Executable, "-W0", "-e", bundlerScript, file)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		return failedInstall("bundler-"+b.ruby.Bundler+".gem", plugin.LastLines(output, err))
	}
	return b.need(file, key)
}

// install makes what is to do and publishes it. Gems that are compiled may need others for that, of which some are not
// published yet.
func (b *batch) install(ctx context.Context) error {
	if len(b.todo) == 0 {
		return nil
	}
	argv := []string{b.ruby.Executable, "-W0", "-e", installScript}
	access := plugin.Access{Read: slices.Clone(b.dirs), Write: b.temp}
	var path []string
	for _, t := range b.todo {
		access.Read = append(access.Read, t.file)
		argv = append(argv, t.file, t.made)
		path = append(path, t.made)
	}
	for _, dir := range b.dirs {
		if exists(dir) {
			path = append(path, dir)
		}
	}
	output, err := b.w.RunToolWith(ctx, access, []string{"GEM_PATH=" + strings.Join(path, ":")}, argv...)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		gem, said := blamed(output)
		return failedInstall(gem, plugin.LastLines([]byte(said), err))
	}
	var errs []error
	for _, t := range b.todo {
		errs = append(errs, publish(b.cache.installed(), t.key, t.made))
	}
	return errors.Join(errs...)
}

// blamed tells which gem the script was at when it failed, and what was said of it.
func blamed(output []byte) (gem, said string) {
	text := string(output)
	i := strings.LastIndex(text, "== ")
	if i < 0 {
		return "(none)", text
	}
	gem, said, _ = strings.Cut(text[i+len("== "):], "\n")
	return gem, said
}

// failedInstall is the error of 2012, with the tool's own words.
func failedInstall(gem, said string) error {
	return &plugin.StagingError{Message: "Failed installing gem " + gem + ": " + said}
}
