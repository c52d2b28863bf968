package dea

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/minicf/minicf/dea/isolation"
	"github.com/minicf/minicf/protocol"
)

// stopLimit is how long the processes of an instance may take to go; then they are killed at once.
const stopLimit = 4 * time.Second

// noRoom is what a DEA says that is asked to start more than it can.
const noRoom = "Do not have room for this client application"

// errNotTaken means that the start was not accepted after all; why is logged already.
var errNotTaken = errors.New("not taken")

// live takes one instance through its life. It returns when nothing of the instance runs any more;
// ctx ends when somebody wants it to stop, and its cause says why.
func (d *DEA) live(ctx context.Context, in *instance) {
	d.conclude(ctx, in, d.run(ctx, in))
}

// resume is live for an instance that was launched by an earlier DEA.
func (d *DEA) resume(ctx context.Context, in *instance) {
	d.conclude(ctx, in, d.attend(ctx, in))
}

// conclude ends a life, for a reason of its own unless somebody has given one.
func (d *DEA) conclude(ctx context.Context, in *instance, err error) {
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	} else if lines := d.overMemory(in); len(lines) > 0 {
		err = d.tellExcess(in, lines)
	}
	d.crash(in, err)
	d.bury(ctx, in)
}

// run starts the instance and waits for its end. The error says why it ended, and is ctx's when it
// was told to.
func (d *DEA) run(ctx context.Context, in *instance) error {
	executable, err := d.admit(ctx, in)
	if err != nil {
		return err
	}
	if err := d.stage(ctx, in, executable); err != nil {
		return err
	}
	if err := d.takePorts(in); err != nil {
		return err
	}
	if err := d.launch(ctx, in, executable); err != nil {
		return err
	}
	return d.attend(ctx, in)
}

// attend waits until an instance that was launched is ready, and then for its end.
func (d *DEA) attend(ctx context.Context, in *instance) error {
	c := in.container
	if d.starting(in) {
		if err := d.awaitReady(ctx, in, c); err != nil {
			return explain(err, c)
		}
		d.welcome(in)
	}
	select {
	case <-c.Done():
		return explain(errEnded, c)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d *DEA) starting(in *instance) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return in.state == protocol.Starting
}

// welcome tells that an instance runs, unless it was stopped meanwhile.
func (d *DEA) welcome(in *instance) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.move(in, protocol.Running, "") {
		in.log.Info("Instance is ready for connections, notifying system of status", "port", in.port, "duration", time.Since(in.start).Round(time.Millisecond))
	}
}

// admit finds the instance's runtime and reserves what it needs. From here on the bus knows of it.
func (d *DEA) admit(ctx context.Context, in *instance) (executable string, err error) {
	executable, err = d.runtimes.executable(ctx, in.request.RuntimeInfo)
	if err != nil {
		in.log.Warn("start ignored, its runtime is not available", "error", err)
		return "", errNotTaken
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.room.fits(in.memory) {
		in.log.Info(noRoom, "memory", in.memory)
		return "", errNotTaken
	}
	if !d.move(in, protocol.Starting, "") {
		return "", errNotTaken // stopped meanwhile
	}
	d.reserve(in)
	return executable, nil
}

// launch runs the startup script. Before it does, the instance's id and directory are on the disk: should the DEA be
// killed while it does, the next one finds the processes by these. Afterwards it adopts them.
func (d *DEA) launch(ctx context.Context, in *instance, executable string) error {
	spec := isolation.Spec{
		ID: in.id, Dir: in.dir, Env: d.environment(in, executable), Limits: d.isolationLimits(in),
		Runtime: executable, Read: []string{d.paths.ruby},
	}
	if in.port != 0 {
		spec.Args = []string{"-p", strconv.Itoa(in.port)}
	}
	in.log.Info("Starting up instance" + in.portsText())
	d.commit()
	c, err := d.backend.Start(ctx, spec)
	if err != nil {
		return err
	}
	d.enter(func() { in.container = c })
	in.log.Info(fmt.Sprintf("PID:%d assigned to droplet instance", c.Handle().PID))
	return nil
}

func (d *DEA) environment(in *instance, executable string) []string {
	d.mu.Lock()
	l := launch{record: d.record(in), request: in.request, host: d.ip, executable: executable}
	d.mu.Unlock()
	if isRuby(in.request.RuntimeInfo.Name, executable) {
		l.rubylib = d.paths.ruby
	}
	if c, ok := d.backend.(isolation.Confiner); ok && c.Confines() {
		l.tmp = d.makeTmp(in)
	}
	env, refused := l.env()
	if len(refused) > 0 {
		in.log.Warn("environment entries left out, want NAME=value", "entries", refused)
	}
	return env
}

// makeTmp makes sure of the directory for temporary files that most droplets have.
func (d *DEA) makeTmp(in *instance) string {
	tmp := filepath.Join(in.dir, "tmp")
	if err := os.Mkdir(tmp, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		in.log.Warn("instance has no directory for temporary files", "error", err)
	}
	return tmp
}

// crash tells that an instance ended by itself. For one that was told to, it does nothing: the bus
// has heard that before it ended.
func (d *DEA) crash(in *instance, why error) {
	words := lastWords(in.dir)
	d.mu.Lock()
	defer d.mu.Unlock()
	in.retain = in.staged && !bool(in.request.Flapping)
	if d.move(in, protocol.Crashed, protocol.ExitCrashed) {
		in.log.Warn(crashText(in, why), "uptime", time.Since(in.start).Round(time.Millisecond), "error", why, "stderr", words)
	}
}

// bury makes sure that nothing of an instance runs, gives back what it held, and forgets it, unless
// it is a crash to be looked at. Nothing is ended before the bus was told and the disk has it: the next DEA must not
// adopt what was to end.
func (d *DEA) bury(ctx context.Context, in *instance) {
	d.commit()
	if in.container != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
		defer cancel()
		if err := in.container.Stop(ctx); err != nil {
			in.log.Error("instance was not stopped", "error", err)
		}
		in.logEnd()
	}
	if !d.close(in) {
		d.removeDir(in.dir)
	}
}

// close gives back what an instance held, and reports whether its record and directory are kept.
func (d *DEA) close(in *instance) (kept bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	in.ended = true
	d.changed()
	d.release(in)
	kept = in.state == protocol.Crashed && in.retain
	if !kept {
		d.forget(in)
	}
	return kept
}

// logEnd says what 2012 said when the startup script had ended.
func (in *instance) logEnd() {
	how := strings.Replace(in.container.Exit().Reason, "exit status", "exit", 1)
	in.log.Info(fmt.Sprintf("%s completed running with status = pid %d %s.", in.request.Name, in.container.Handle().PID, how))
	in.log.Info(fmt.Sprintf("%s uptime was %.2f.", in.request.Name, time.Since(in.start).Seconds()))
}

// crashText is the log line of a crash: 2012 had words of its own for one without a directory.
func crashText(in *instance, why error) string {
	if _, ok := errors.AsType[*stagingError](why); ok {
		return fmt.Sprintf("Failed staging app dir '%s', not starting app", in.dir)
	}
	return "instance crashed"
}

// explain adds to errEnded what is known of the end.
func explain(err error, c isolation.Container) error {
	if !errors.Is(err, errEnded) {
		return err
	}
	exit := c.Exit()
	if exit.Stderr == "" {
		return fmt.Errorf("%w with %s", err, exit.Reason)
	}
	return fmt.Errorf("%w with %s: %s", err, exit.Reason, exit.Stderr)
}
