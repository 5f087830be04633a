import { useEffect, useState, type RefObject } from "react";

/** True from the moment an element is on the screen or near it. */
export function useNear(place: RefObject<Element | null>): boolean {
  const [near, setNear] = useState(false);
  useEffect(() => {
    const element = place.current;
    if (near || !element) return;
    const sight = new IntersectionObserver(
      (entries) => entries.some((entry) => entry.isIntersecting) && setNear(true),
      {
        rootMargin: "300px",
      },
    );
    sight.observe(element);
    return () => sight.disconnect();
  }, [near, place]);
  return near;
}
