package process

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/minicf/minicf/dea/isolation"
)

// Process ids of the tests: above those that systems give.
const (
	leader = iota + 1<<30
	app
	worker
	daemon
	stranger
)

func TestFamilyIsToldFromStrangers(t *testing.T) {
	t.Parallel()
	self, parent := os.Getpid(), os.Getppid()
	startup := process{pid: leader, parent: self, group: leader, session: leader, start: 100}
	for name, c := range map[string]struct {
		all  []process
		want []int
	}{
		"nothing": {nil, nil},
		"startup and its app": {
			[]process{startup, {pid: app, parent: leader, group: leader, session: leader, start: 101}},
			[]int{leader, app},
		},
		"an app that was orphaned, while startup lives": {
			[]process{startup, {pid: app, parent: 1, group: leader, session: leader, start: 101}},
			[]int{leader, app},
		},
		"a process of the session in another group": {
			[]process{startup, {pid: app, parent: 1, group: app, session: leader, start: 101}},
			[]int{leader, app},
		},
		"descendants in sessions of their own": {
			[]process{
				{pid: worker, parent: app, group: worker, session: worker},
				{pid: app, parent: leader, group: app, session: app},
				startup,
			},
			[]int{worker, app, leader},
		},
		"another process with the leader's id, and its group": {
			[]process{
				{pid: leader, parent: 1, group: leader, session: leader, start: 999, identity: identity{home: "/home/somebody"}},
				{pid: stranger, parent: leader, group: leader, session: leader, start: 999, identity: identity{home: "/home/somebody"}},
			},
			nil,
		},
		"a group without leader that nothing ties to the instance": {
			[]process{{pid: stranger, parent: 1, group: leader, session: leader, start: 101}},
			nil,
		},
		"a group without leader in which one has the HOME": {
			[]process{
				{pid: app, parent: 1, group: leader, session: leader, start: 101, identity: identity{home: "/apps/x"}},
				{pid: worker, parent: 1, group: leader, session: leader, start: 102},
			},
			[]int{app, worker},
		},
		"a daemon with the HOME": {
			[]process{{pid: daemon, parent: 1, group: daemon, session: daemon, identity: identity{home: "/apps/x/"}}},
			[]int{daemon},
		},
		"a daemon with a HOME below the directory": {
			[]process{{pid: daemon, parent: 1, identity: identity{home: "/apps/x/app"}}},
			[]int{daemon},
		},
		"a daemon with the id": {
			[]process{{pid: daemon, parent: 1, identity: identity{id: "c8b0", home: "/nowhere"}}, {pid: worker, parent: 1, identity: identity{id: "c8b0"}}},
			[]int{daemon, worker},
		},
		"the id of a neighbour": {
			[]process{{pid: daemon, parent: 1, identity: identity{id: "c8b", home: "/nowhere"}}, {pid: worker, parent: 1, identity: identity{id: "c8b01"}}},
			nil,
		},
		"HOME of a neighbour": {
			[]process{{pid: daemon, parent: 1, identity: identity{home: "/apps/xy"}}, {pid: worker, parent: 1, identity: identity{home: "/apps"}}},
			nil,
		},
		"a daemon without HOME below the directory": {
			[]process{{pid: daemon, parent: 1, identity: identity{cwd: "/apps/x/app"}}, {pid: worker, parent: 1, identity: identity{cwd: "/apps/x"}}},
			[]int{daemon, worker},
		},
		"a daemon without HOME elsewhere": {
			[]process{{pid: daemon, parent: 1, identity: identity{cwd: "/apps/xy"}}, {pid: worker, parent: 1, identity: identity{cwd: "/apps"}}},
			nil,
		},
		"the DEA and its parent, started in an instance themselves": {
			[]process{
				{pid: parent, parent: 1, identity: identity{home: "/apps/x"}},
				{pid: self, parent: parent, identity: identity{home: "/apps/x"}},
				{pid: stranger, parent: self, identity: identity{home: "/apps/other"}},
			},
			nil,
		},
		"who has ended and was not waited for, but its group lives": {
			[]process{
				{pid: leader, parent: self, group: leader, session: leader, start: 100, dead: true},
				{pid: app, parent: 1, group: leader, session: leader, start: 101},
			},
			[]int{app},
		},
	} {
		f, err := newFamily(isolation.Handle{ID: "c8b0", PID: leader, Start: 100, Dir: "/apps/x"})
		if err != nil {
			t.Fatal(err)
		}
		if got := pids(f.find(look(c.all...))); !slices.Equal(got, c.want) {
			t.Errorf("%s: found %v, want %v", name, got, c.want)
		}
	}
}

func TestFamilyRemembersWhomItSaw(t *testing.T) {
	t.Parallel()
	f, err := newFamily(isolation.Handle{PID: leader, Start: 100, Dir: "/apps/x"})
	if err != nil {
		t.Fatal(err)
	}
	f.find(look(
		process{pid: leader, group: leader, session: leader, start: 100},
		process{pid: daemon, parent: leader, group: daemon, session: daemon, start: 101},
	))
	orphaned := process{pid: daemon, parent: 1, group: daemon, session: daemon, start: 101}
	if got := pids(f.find(look(orphaned))); !slices.Equal(got, []int{daemon}) {
		t.Errorf("found %v, want the daemon seen before", got)
	}
	reused := process{pid: daemon, parent: 1, group: daemon, session: daemon, start: 555}
	if got := f.find(look(reused)); got != nil {
		t.Errorf("found %v, want nothing: the id is another's now", got)
	}
}

func TestFamilyKeepsTheGroupOfAnEndedLeader(t *testing.T) {
	t.Parallel()
	f, err := newFamily(isolation.Handle{PID: leader, Start: 100, Dir: "/apps/x"})
	if err != nil {
		t.Fatal(err)
	}
	left := []process{{pid: app, parent: 1, group: leader, session: leader, start: 101, identity: identity{home: "/root"}}}
	f.leaderEnded(look(left...))
	if got := pids(f.find(look(left...))); !slices.Equal(got, []int{app}) {
		t.Errorf("found %v, want what was left when the leader ended", got)
	}
}

func TestFamilyWithoutStartTimeTrustsNoID(t *testing.T) {
	t.Parallel()
	f, err := newFamily(isolation.Handle{PID: leader, Dir: "/apps/x"})
	if err != nil {
		t.Fatal(err)
	}
	if got := f.find(look(process{pid: leader, group: leader, session: leader, identity: identity{home: "/home/somebody"}}, process{pid: app})); got != nil {
		t.Errorf("found %v, want nothing", got)
	}
}

func TestFamilyFollowsSymlinksOfItsDirectory(t *testing.T) {
	t.Parallel()
	real, link := t.TempDir(), filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	f, err := newFamily(isolation.Handle{Dir: link})
	if err != nil {
		t.Fatal(err)
	}
	all := []process{{pid: app, parent: 1, identity: identity{home: link}}, {pid: daemon, parent: 1, identity: identity{cwd: real + "/app"}}}
	if got := pids(f.find(look(all...))); !slices.Equal(got, []int{app, daemon}) {
		t.Errorf("found %v, want both", got)
	}
}

// Not parallel: it changes HOME.
func TestFamilyIsNeverThatOfTheUser(t *testing.T) {
	t.Setenv("HOME", "/home/somebody")
	for _, dir := range []string{"/home/somebody", "/home"} {
		if _, err := newFamily(isolation.Handle{PID: leader, Start: 1, Dir: dir}); err == nil {
			t.Errorf("%s: a family of all that the user runs, want an error", dir)
		}
	}
}

func look(all ...process) *snapshot { return newSnapshot(time.Time{}, all) }

func pids(found []process) []int {
	var ids []int
	for _, p := range found {
		ids = append(ids, p.pid)
	}
	return ids
}
