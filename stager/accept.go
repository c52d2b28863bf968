package stager

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/protocol"
)

// maxLogged is how much of a request one log line shows, in bytes.
const maxLogged = 8 << 10

// accept puts a request into the queue, or answers at once why it does not. The stager of 2012 gave no answer to what it could
// not read, and whoever asked waited until the timeout.
func (s *Stager) accept(r bus.Request[protocol.StagingReply]) {
	t := &task{id: bus.Hex(16), reply: r.Reply}
	shown := s.show(r.Payload)
	s.log.Debug("Decoding request '" + shown + "'")
	request, err := protocol.ParseStagingRequest(r.Payload)
	if err != nil {
		r.Drop(err)
		s.refuse(t, &taskError{Description: "Invalid request: " + err.Error(), Err: err})
		return
	}
	t.request = request
	if err := s.queue.add(t); err != nil {
		s.log.Warn("request refused", "task_id", t.id, "app_id", request.AppID, "error", err)
		s.refuse(t, s.whyNotQueued(err))
		return
	}
	s.log.Info("Enqueued request " + shown)
}

// refuse answers a request that will not be staged.
func (s *Stager) refuse(t *task, err *taskError) {
	s.figures.refused.Add(1)
	t.reply(newReply(t.id, "", err))
}

func (s *Stager) whyNotQueued(err error) *taskError {
	text := "The stager is stopping and takes no more requests."
	if errors.Is(err, errQueueFull) {
		text = fmt.Sprintf("The stager is busy: %d requests are waiting already. Try again later.", s.cfg.MaxQueuedTasks)
	}
	return &taskError{Description: text, Err: err}
}

// show returns a payload without its secrets for log lines, or nothing when there will be none.
func (s *Stager) show(payload []byte) string {
	if !s.log.Enabled(context.Background(), slog.LevelInfo) {
		return ""
	}
	text := bus.Mask(payload)
	if len(text) > maxLogged {
		return string(text[:maxLogged]) + "…"
	}
	return string(text)
}
