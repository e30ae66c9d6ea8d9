import { describe, expect, it } from 'vitest';
import { notFound, Problem, toProblem } from './problem.ts';

describe('toProblem', () => {
  it('keeps a problem unchanged', () => {
    const problem = notFound('order');
    expect(toProblem(problem)).toBe(problem);
    expect(problem.body()).toEqual({
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      detail: 'There is no such order.',
    });
  });

  it('lists the fields of a request that does not fit', () => {
    const error = Object.assign(new Error('querystring/limit must be integer'), {
      statusCode: 400,
      validationContext: 'querystring',
      validation: [{ instancePath: '/limit', message: 'must be integer' }, { instancePath: '' }],
    });
    expect(toProblem(error).errors).toEqual([
      { in: 'querystring', path: '/limit', message: 'must be integer' },
      { in: 'querystring', path: '/', message: 'is invalid' },
    ]);
  });

  it.each([
    [{ code: 'ECONNREFUSED' }, 503],
    [{ code: '57P01' }, 503],
    [{ message: 'Connection terminated unexpectedly' }, 503],
    [{ statusCode: 415, message: 'Unsupported Media Type' }, 415],
    [{ code: '23505', message: 'duplicate key value (secret)' }, 500],
    [new Problem(409, 'Too late.'), 409],
  ])('gives %j its status', (error, status) => {
    expect(toProblem(error).status).toBe(status);
  });

  it('reveals nothing about our own faults', () => {
    expect(toProblem(new Error('password of the database is hunter2')).message).not.toContain('hunter2');
  });
});
