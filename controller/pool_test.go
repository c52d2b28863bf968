package controller

import (
	"testing"
	"time"

	"github.com/minicf/minicf/protocol"
)

func TestPoolChoosesADEAThatFits(t *testing.T) {
	t.Parallel()
	now := time.Now()
	yes, no := true, false
	need := func(mem int, prod bool) protocol.DiscoverRequest {
		return protocol.DiscoverRequest{
			Limits: protocol.MemLimit(mem), RuntimeInfo: protocol.RuntimeInfo{Name: "ruby19"}, Prod: protocol.Truth(prod),
		}
	}
	good := protocol.Advertisement{ID: "good", AvailableMemory: 256, Runtimes: []string{"node", "ruby19"}}
	changed := func(f func(*protocol.Advertisement)) protocol.Advertisement {
		a := good
		f(&a)
		return a
	}
	for name, tt := range map[string]struct {
		ad   protocol.Advertisement
		age  time.Duration
		need protocol.DiscoverRequest
		want bool
	}{
		"enough room":                           {good, 10 * time.Second, need(256, false), true},
		"not enough room":                       {good, 0, need(257, false), false},
		"too old to believe":                    {good, 10*time.Second + 1, need(1, false), false},
		"no such runtime":                       {changed(func(a *protocol.Advertisement) { a.Runtimes = []string{"node"} }), 0, need(1, false), false},
		"a DEA for production, and no such app": {changed(func(a *protocol.Advertisement) { a.Prod = &yes }), 0, need(1, false), false},
		"a DEA and an app for production":       {changed(func(a *protocol.Advertisement) { a.Prod = &yes }), 0, need(1, true), true},
		"a DEA for all":                         {changed(func(a *protocol.Advertisement) { a.Prod = &no }), 0, need(1, false), true},
	} {
		p := newPool(func(int, func(i, j int)) {})
		p.note(tt.ad, now.Add(-tt.age))
		if dea, ok := p.choose(tt.need, now); ok != tt.want || ok && dea != "good" {
			t.Errorf("%s: chose %q, %v, want %v", name, dea, ok, tt.want)
		}
	}
}

func TestPoolChoosesAnyAndForgetsWhoSaysGoodbye(t *testing.T) {
	t.Parallel()
	now := time.Now()
	need := protocol.DiscoverRequest{Limits: protocol.MemLimit(1), RuntimeInfo: protocol.RuntimeInfo{Name: "node"}}
	p := newPool(func(n int, swap func(i, j int)) { swap(0, n-1) })
	for _, id := range []string{"a", "b"} {
		p.note(protocol.Advertisement{ID: id, AvailableMemory: 1, Runtimes: []string{"node"}}, now)
	}
	if dea, _ := p.choose(need, now); dea != "b" {
		t.Errorf("chose %s, want b, which came first by chance", dea)
	}
	p.forget("b")
	if dea, _ := p.choose(need, now); dea != "a" {
		t.Errorf("chose %s after b said goodbye, want a", dea)
	}
}
