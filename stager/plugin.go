package stager

import (
	"context"
	"errors"
	"time"

	"github.com/minicf/minicf/stager/plugin"
)

const (
	// pluginGrace is how long a plugin may take to notice that its task is over: its children have to be killed.
	pluginGrace = time.Second
	// strayGrace is how long the stager waits at its end for plugins that did not notice.
	strayGrace = time.Second
)

// runPlugin lets the framework's plugin turn unstaged into staged, in a goroutine of its own: a plugin that panics fails its
// task alone, and one that ignores the end of its context keeps neither the worker nor the user waiting.
func (r *run) runPlugin(ctx context.Context) error {
	ended := make(chan error, 1) // its error, once
	r.s.strays.Go(func() {
		err := errors.New("the plugin ended without a result") // as a goroutine ends by runtime.Goexit
		defer func() { ended <- err }()
		err = guard(func() error {
			return plugin.Stage(ctx, r.s.plugins, r.ws.path(unstaged), r.ws.path(staged), r.request.Properties, r.tools())
		})
	})
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	grace := time.NewTimer(pluginGrace)
	defer grace.Stop()
	select {
	case err := <-ended:
		return err
	case <-grace.C:
		r.abandon(ended)
		return context.Cause(ctx)
	}
}

// tools are the stager's, with a directory of the task's own for what they leave behind.
func (r *run) tools() plugin.Tools {
	tools := r.s.tools
	tools.Scratch, tools.Show, tools.AppID = r.ws.path(scratch), r.log.show, string(r.request.AppID)
	tools.LinksInto = func(dir string) { r.linked = append(r.linked, dir) }
	runTool := tools.Run
	if c := r.s.confinement; c != nil {
		runTool = c.runner(r.ws.dir).run
	}
	tools.Run = func(ctx context.Context, c plugin.Command) ([]byte, error) {
		r.ran.Store(true)
		return runTool(ctx, c)
	}
	return tools
}

// abandon goes on without a plugin that does not end. Its directory is removed with the task's others, and once more when the
// plugin, which may have written there since, ends after all.
func (r *run) abandon(ended <-chan error) {
	r.s.log.Error("plugin ignores that its task is over", "task_id", r.id, "framework", r.request.Properties.FrameworkInfo.Name)
	r.s.figures.strays.Add(1)
	dir := r.ws.dir
	r.s.strays.Go(func() {
		r.s.log.Info("plugin ended after all", "task_id", r.id, "error", <-ended)
		r.s.figures.strays.Add(-1)
		if err := removeTree(dir); err != nil {
			r.s.log.Warn("workspace stays", "task_id", r.id, "dir", dir, "error", err)
		}
	})
}

// pluginError words a plugin's failure for the user, with what to do about it where the plugin knows.
func pluginError(err error) *taskError {
	failure := failed("Staging plugin failed", err)
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) && hinted.Hint() != "" {
		failure.Description += " (" + hinted.Hint() + ")"
	}
	return failure
}

// awaitStrays waits, not for ever, for plugins that did not end with their tasks.
func (s *Stager) awaitStrays() {
	gone := make(chan struct{})
	go func() {
		s.strays.Wait()
		close(gone)
	}()
	grace := time.NewTimer(strayGrace)
	defer grace.Stop()
	select {
	case <-gone:
	case <-grace.C:
		s.log.Error("plugins are left running", "plugins", s.figures.strays.Load())
	}
}
