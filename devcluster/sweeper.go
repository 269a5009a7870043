package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// sweepAtEnd starts the process that removes cgroups once this one is gone. It
// does not end with us: that is what it is for.
func (f *family) sweepAtEnd(groups []string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	folder := ""
	if f.opts.ephemeral {
		folder = f.opts.dir
	}
	log, err := os.OpenFile(filepath.Join(f.opts.dir, "sweep.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	sweeper := exec.Command(program, append([]string{"sweep", folder}, groups...)...)
	sweeper.Stderr = log
	sweeper.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if f.told, err = sweeper.StdinPipe(); err != nil {
		return err
	}
	if err := sweeper.Start(); err != nil {
		return fmt.Errorf("starting the sweeper: %w", err)
	}
	f.sweeper = sweeper
	return nil
}

// swept tells the sweeper that all have ended, and waits for it.
func (f *family) swept() {
	if f.sweeper == nil {
		return
	}
	_ = f.told.Close()
	late := time.AfterFunc(15*time.Second, func() { _ = f.sweeper.Process.Kill() })
	defer late.Stop()
	if err := f.sweeper.Wait(); err != nil {
		fmt.Fprintln(os.Stderr, "the sweeper:", err, tail(filepath.Join(f.opts.dir, "sweep.log"), 1000))
	}
}
