package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// fetch prints what FETCH_URL answers: how a pod sees another one.
func fetch(ctx context.Context, _ settings) error {
	limited, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(limited, http.MethodGet, os.Getenv("FETCH_URL"), nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return err
	}
	fmt.Printf("%s from %s: %s", response.Status, request.URL, text)
	if response.StatusCode >= 300 {
		return fmt.Errorf("%s answered %s", request.URL, response.Status)
	}
	return nil
}
