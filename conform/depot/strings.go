package depot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/minicf/minicf/bus"
	"github.com/minicf/minicf/conform/puppet"
)

// mostReport is how many bytes a report may have.
const mostReport = 16 << 20

// Stage is where the processes of one app come on. A process that starts is held there until an order is given, unless the
// stage has some for everybody.
type Stage struct {
	URL string

	opening []puppet.Order // given to each process when it comes
	arrived noted[*Process]

	mu   sync.Mutex
	byID map[string]*Process
}

// Stage makes a place for the processes of an app. Each is given the orders of opening when it comes.
func (d *Depot) Stage(opening ...puppet.Order) *Stage {
	s := &Stage{opening: opening, byID: map[string]*Process{}}
	s.URL = d.handle(s)
	return s
}

// Process waits for the i-th process that comes, from 0. The error is ctx's.
func (s *Stage) Process(ctx context.Context, i int) (*Process, error) { return s.arrived.wait(ctx, i) }

// Processes are those that have come so far.
func (s *Stage) Processes() []*Process { return s.arrived.list() }

// Process is a puppet on its string.
type Process struct {
	puppet.Report
	// Gone is closed when the process has ended.
	Gone <-chan struct{}

	id     string
	orders chan puppet.Order

	mu      sync.Mutex
	last    int // order id
	waiting map[int]chan puppet.Answer
}

// ErrGone means that a process ended before it answered.
var ErrGone = errors.New("the process has ended")

// Do gives an order and waits for its answer, which for exit is none. The error is what went wrong, ErrGone or ctx's.
func (p *Process) Do(ctx context.Context, o puppet.Order) (puppet.Answer, error) {
	answer := make(chan puppet.Answer, 1)
	p.mu.Lock()
	p.last++
	o.ID = p.last
	p.waiting[o.ID] = answer
	p.mu.Unlock()
	select {
	case p.orders <- o:
	case <-p.Gone:
		return puppet.Answer{}, ErrGone
	case <-ctx.Done():
		return puppet.Answer{}, ctx.Err()
	}
	if o.Do == "exit" {
		return puppet.Answer{}, nil
	}
	select {
	case a := <-answer:
		if a.Error != "" {
			return a, fmt.Errorf("the app could not %s %s: %s", o.Do, o.Path, a.Error)
		}
		return a, nil
	case <-p.Gone:
		return puppet.Answer{}, ErrGone
	case <-ctx.Done():
		return puppet.Answer{}, ctx.Err()
	}
}

// Read returns a file of the process, relative to its directory.
func (p *Process) Read(ctx context.Context, path string) (string, error) {
	a, err := p.Do(ctx, puppet.Order{Do: "read", Path: path})
	return a.Text, err
}

// ServeHTTP is what puppets talk to: a new one posts its report, one that has done something the answer.
func (s *Stage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, id, ok := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/"); ok {
		s.result(w, r, id)
		return
	}
	p := &Process{id: bus.Hex(8), orders: make(chan puppet.Order), waiting: map[int]chan puppet.Answer{}, Gone: r.Context().Done()}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostReport)) // to its end, or the end of the process would not be noticed
	if err == nil {
		err = json.Unmarshal(body, &p.Report)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.byID[p.id] = p
	s.mu.Unlock()
	w.Header().Set(puppet.IDHeader, p.id)
	s.lead(w, p)
}

// lead gives orders to a process until it is gone.
func (s *Stage) lead(w http.ResponseWriter, p *Process) {
	c := http.NewResponseController(w)
	say := json.NewEncoder(w)
	_ = c.Flush()
	for _, o := range s.opening {
		if say.Encode(o) != nil || c.Flush() != nil {
			return
		}
	}
	s.arrived.add(p)
	for {
		select {
		case o := <-p.orders:
			if say.Encode(o) != nil || c.Flush() != nil {
				return
			}
		case <-p.Gone:
			return
		}
	}
}

func (s *Stage) result(w http.ResponseWriter, r *http.Request, id string) {
	var a puppet.Answer
	if err := json.NewDecoder(r.Body).Decode(&a); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	p := s.byID[id]
	s.mu.Unlock()
	if p == nil {
		http.NotFound(w, r)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if answer := p.waiting[a.ID]; answer != nil {
		answer <- a
		delete(p.waiting, a.ID)
	}
}
