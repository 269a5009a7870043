package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const queue = "orders"

// work writes an order for each message; one that can't be written is taken again.
func work(ctx context.Context, s settings) error {
	database, err := s.openDatabase()
	if err != nil {
		return err
	}
	defer database.Close()
	return withQueue(ctx, s, func(channel *amqp.Channel) error {
		messages, err := channel.ConsumeWithContext(ctx, queue, "", false, false, false, false, nil)
		if err != nil {
			return err
		}
		for message := range messages {
			_, err := database.ExecContext(ctx, "INSERT INTO orders (item) VALUES ($1)", string(message.Body))
			if err != nil {
				return errors.Join(err, message.Nack(false, true))
			}
			if err := message.Ack(false); err != nil {
				return err
			}
		}
		return errors.New("the broker closed the channel")
	})
}

// schedule publishes an order every second, and says in it who did. Of several copies one acts, where they have a Redis to agree in;
// without one there must never be two.
func schedule(ctx context.Context, s settings) error {
	client, err := openRedis(s)
	if err != nil {
		return err
	}
	leader := leader{client: client, name: os.Getenv("HOSTNAME")}
	defer leader.leaves()
	return withQueue(ctx, s, func(channel *amqp.Channel) error {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case now := <-tick.C:
				if !leader.leads(ctx) {
					continue
				}
				body := []byte("ordered at " + now.UTC().Format(time.RFC3339) + " by " + leader.name)
				message := amqp.Publishing{DeliveryMode: amqp.Persistent, Body: body}
				if err := channel.PublishWithContext(ctx, "", queue, false, false, message); err != nil {
					return err
				}
			}
		}
	})
}

// withQueue does something with the queue, and again after each failure, until
// the process is told to end.
func withQueue(ctx context.Context, s settings, do func(*amqp.Channel) error) error {
	if s.broker == "" {
		return errors.New("CELERY_BROKER_URL is not set")
	}
	for {
		err := once(s, do)
		if ctx.Err() != nil {
			return nil
		}
		fmt.Fprintln(os.Stderr, "the queue, tried again in a second:", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
	}
}

func once(s settings, do func(*amqp.Channel) error) error {
	connection, err := amqp.Dial(s.broker)
	if err != nil {
		return err
	}
	defer connection.Close()
	channel, err := connection.Channel()
	if err != nil {
		return err
	}
	if _, err := channel.QueueDeclare(queue, true, false, false, false, nil); err != nil {
		return err
	}
	if err := channel.Qos(10, 0, false); err != nil {
		return err
	}
	return do(channel)
}
