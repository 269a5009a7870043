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
	response, err := answered(request)
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

// answered asks until somebody is there: what leads to a Service is told to a node a moment after its pod is ready.
func answered(request *http.Request) (*http.Response, error) {
	for {
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			return response, nil
		}
		select {
		case <-request.Context().Done():
			return nil, err
		case <-time.After(200 * time.Millisecond):
		}
	}
}
