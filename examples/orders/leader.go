package main

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	leaderKey = "orders:scheduler"
	// Who says nothing for so long is leader no more.
	leaderLasts = 15 * time.Second
)

// Only who holds the key may keep it or give it back.
var (
	keepLead = redis.NewScript(`return redis.call("GET", KEYS[1]) == ARGV[1] and redis.call("PEXPIRE", KEYS[1], ARGV[2]) or 0`)
	giveLead = redis.NewScript(`return redis.call("GET", KEYS[1]) == ARGV[1] and redis.call("DEL", KEYS[1]) or 0`)
)

// leader is a lock in Redis that one copy of the scheduler has, as RedBeat does it. Without Redis there is one copy, and it leads.
type leader struct {
	client *redis.Client
	name   string
}

// leads says whether this copy acts now. Where Redis does not answer, nobody knows, and it does not act.
func (l leader) leads(ctx context.Context) bool {
	if l.client == nil {
		return true
	}
	taken, err := l.client.SetNX(ctx, leaderKey, l.name, leaderLasts).Result()
	if err != nil || taken {
		return err == nil
	}
	kept, err := keepLead.Run(ctx, l.client, []string{leaderKey}, l.name, leaderLasts.Milliseconds()).Int()
	return err == nil && kept == 1
}

// leaves lets another copy begin at once.
func (l leader) leaves() {
	if l.client == nil {
		return
	}
	limited, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	// The key ends by itself a moment later.
	_ = giveLead.Run(limited, l.client, []string{leaderKey}, l.name).Err()
	_ = l.client.Close()
}
