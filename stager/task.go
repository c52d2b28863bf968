package stager

import (
	"context"
	"errors"
	"os"
	"sync/atomic"

	"github.com/minicf/minicf/droplet"
	"github.com/minicf/minicf/protocol"
)

// task is one staging request on its way to a reply.
type task struct {
	id      string // 32 hex digits
	request protocol.StagingRequest
	reply   func(protocol.StagingReply)
}

// run is one task at work: what its steps share.
type run struct {
	*task
	s   *Stager
	ws  *workspace
	log *taskLog
	ran atomic.Bool // the plugin has run a tool
	// linked are the directories of this machine into which the plugin has linked.
	linked []string
}

// step is one line of the task log, and what is done below it.
type step struct {
	title string // the line
	text  string // how the error of the reply begins; "" when the step words its errors itself
	do    func(context.Context) error
}

// steps are what happens to an app, in the order of the task log.
func (r *run) steps() []step {
	return []step{
		{"Setting up temporary directories", "Failed setting up temporary directories", r.makeWorkspace},
		{"Downloading application", "Failed downloading app", r.download},
		{"Unpacking application", "Failed unpacking app", r.unpack},
		{"Staging application", "", r.stage},
		{"Creating droplet", "Failed creating droplet", r.pack},
		{"Uploading droplet", "Failed uploading droplet", r.upload},
	}
}

// execute runs the steps until one fails or the time is over, and leaves nothing behind. Its error is a *taskError.
func (r *run) execute(ctx context.Context) error {
	limit := r.s.cfg.MaxStagingDuration.Std()
	ctx, cancel := context.WithTimeoutCause(ctx, limit, errTimedOut)
	defer cancel()
	defer r.cleanUp()
	for _, s := range r.steps() {
		if ctx.Err() != nil {
			return r.ended(ctx)
		}
		r.log.info(s.title)
		err := s.do(ctx)
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return r.ended(ctx)
		case s.text != "":
			return failed(s.text, err)
		default:
			return err
		}
	}
	r.log.info("Done!")
	return nil
}

// ended words the end of a task whose context is over.
func (r *run) ended(ctx context.Context) error {
	if !errors.Is(context.Cause(ctx), errTimedOut) {
		return &taskError{Description: "The stager was stopped before the app was staged.", Err: errStopped}
	}
	err := timedOut(r.s.cfg.MaxStagingDuration.Std())
	r.log.warn(err.Description)
	return err
}

func (r *run) makeWorkspace(context.Context) (err error) {
	r.ws, err = newWorkspace(r.s.cfg.Dirs.Tmp)
	return err
}

func (r *run) download(ctx context.Context) error {
	return download(ctx, r.s.client, r.request.DownloadURI, r.ws.path(appZip), r.s.cfg.MaxDownload)
}

func (r *run) unpack(ctx context.Context) error {
	limits := droplet.Limits{Entries: r.s.cfg.Unpack.MaxEntries, Bytes: r.s.cfg.Unpack.MaxSize.Bytes()}
	return droplet.UnpackZip(ctx, r.ws.path(appZip), r.ws.path(unstaged), limits)
}

// stage runs the plugin. What it logged is shown to the user whether it succeeded or not.
func (r *run) stage(ctx context.Context) error {
	result := r.runPlugin(ctx)
	if r.ran.Load() {
		if err := endStrays(r.ws.dir); err != nil {
			r.s.log.Error("tools of a plugin cannot be ended", "task_id", r.id, "error", err)
		}
	}
	if err := r.log.copyStagingLog(r.ws.path(staged)); err != nil {
		r.s.log.Warn("the plugin's log is not readable", "task_id", r.id, "error", err)
	}
	r.s.logPanic("plugin panicked", r.task, result)
	if result == nil || ctx.Err() != nil {
		return result
	}
	err := pluginError(result)
	r.log.warn(err.Description)
	return err
}

func (r *run) pack(ctx context.Context) error {
	f, err := os.OpenFile(r.ws.path(dropletTgz), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(droplet.PackLinked(ctx, r.ws.path(staged), f, r.linked...), f.Close())
}

func (r *run) upload(ctx context.Context) error {
	return upload(ctx, r.s.client, r.request.UploadURI, r.ws.path(dropletTgz))
}

func (r *run) cleanUp() {
	if r.ws == nil {
		return
	}
	if err := r.ws.remove(); err != nil {
		r.s.log.Warn("workspace stays", "task_id", r.id, "dir", r.ws.dir, "error", err)
	}
}
