package logcache

import (
	"bufio"
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/client"
	"github.com/minicf/minicf/protocol"
)

// maxWaiting is how many instances may wait to be followed. Those that find no place are seen in the next heartbeat.
const maxWaiting = 1000

// lookPatience is how long a DEA may take to say where an instance is.
const lookPatience = 2 * time.Second

// follower reads what instances write.
type follower struct {
	cache *Cache
	news  chan found

	mu   sync.Mutex
	busy map[string]bool // instances that are followed, or were
}

// found is an instance of which something was heard.
type found struct {
	app      protocol.ID
	instance string
	index    int
	state    protocol.State
}

// hearBeat follows every instance that runs.
func (c *Cache) hearBeat(h protocol.Heartbeat) {
	for _, e := range h.Droplets {
		if e.State == protocol.Running && !c.follower.knows(e.Instance) && c.known(string(e.Droplet)) {
			c.follower.note(found{e.Droplet, e.Instance, int(e.Index), protocol.Running})
		}
	}
}

// hearExit says that an instance has ended; of one that never ran, what it wrote is read now.
func (c *Cache) hearExit(e protocol.Exited) {
	if !c.known(string(e.Droplet)) {
		return
	}
	c.Say(string(e.Droplet), protocol.LogCell, strconv.Itoa(int(e.Index)), fmt.Sprintf("Instance %.8s has ended: %s", e.Instance, e.Reason))
	if e.Reason == protocol.ExitCrashed {
		c.follower.note(found{e.Droplet, e.Instance, int(e.Index), protocol.Crashed})
	}
}

// knows reports whether an instance is followed already, or was.
func (f *follower) knows(instance string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.busy[instance]
}

// note has an instance followed, if it is not yet.
func (f *follower) note(n found) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.busy[n.instance] {
		return
	}
	select {
	case f.news <- n:
		f.busy[n.instance] = true
	default:
	}
}

// run follows instances until ctx ends.
func (f *follower) run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	for {
		select {
		case n := <-f.news:
			all.Go(func() { f.follow(ctx, n) })
		case <-ctx.Done():
			return
		}
	}
}

// follow reads both files of an instance to their end, which is when it has ended.
func (f *follower) follow(ctx context.Context, n found) {
	in, err := f.find(ctx, n)
	if err != nil {
		f.cache.log.Debug("instance is not followed", "instance", n.instance, "error", err)
		f.mu.Lock()
		delete(f.busy, n.instance) // the next heartbeat tries again
		f.mu.Unlock()
		return
	}
	var both sync.WaitGroup
	for file, stream := range map[string]string{"logs/stdout.log": "OUT", "logs/stderr.log": "ERR"} {
		both.Go(func() {
			if err := f.read(ctx, in, n, file, stream); err != nil && ctx.Err() == nil {
				f.cache.log.Debug("log of an instance is not read", "instance", n.instance, "file", file, "error", err)
			}
		})
	}
	both.Wait()
}

// find asks where an instance is.
func (f *follower) find(ctx context.Context, n found) (protocol.FoundInstance, error) {
	ctx, cancel := context.WithTimeout(ctx, lookPatience)
	defer cancel()
	all, err := bus.Gather(ctx, f.cache.bus, protocol.DEAFindDroplet, protocol.FindRequest{
		Selection: protocol.Selection{Droplet: n.app, Instances: []string{n.instance}},
	}, 1)
	if err != nil {
		return protocol.FoundInstance{}, err
	}
	if len(all) == 0 {
		return protocol.FoundInstance{}, client.ErrNoFile
	}
	return all[0], nil
}

func (f *follower) read(ctx context.Context, in protocol.FoundInstance, n found, file, stream string) error {
	r, err := client.OpenFile(ctx, in, file, n.state == protocol.Running)
	if err != nil {
		return err
	}
	defer r.Close()
	lines := bufio.NewReaderSize(r, maxLine)
	for {
		line, err := lines.ReadSlice('\n') // a longer one comes in pieces
		if text := strings.TrimRight(string(line), "\r\n"); text != "" {
			f.cache.Add(protocol.LogLine{
				App: n.app, Source: protocol.LogApp, Instance: strconv.Itoa(n.index), Stream: stream, Time: time.Now().UnixNano(), Text: text,
			})
		}
		if err != nil && err != bufio.ErrBufferFull {
			return nil //nolint:nilerr // the end, however it came
		}
	}
}
